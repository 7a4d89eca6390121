internal import Interpretability
internal import JSON

extension JSONValue {
  /// What an analysis found, as its event carries it.
  init(_ finding: Finding) {
    switch finding {
    case .none: self = .null
    case .number(let number): self = .float(number)
    case .count(let count): self = JSONValue(count)
    case .text(let text): self = .string(text)
    case .list(let list): self = .array(list.map { JSONValue($0) })
    case .members(let members):
      self.init(members: members.map { .init($0.name, JSONValue($0.value)) })
    }
  }
}
