import JSON
import OrderedCollections

/// The variables of one rendering, and the strings in them that people and tools wrote.
struct PromptVariables {
  /// A string of a message, a tool or an own variable.
  struct Text {
    /// Which string, counted in the order of the walk.
    var index: Int
    /// Which message it belongs to, if any.
    var message: Int?
    var text: String
  }

  let values: OrderedDictionary<String, JSONValue>
  /// The variables that come from outside; the others name the tokenizer's own tokens.
  private let foreign: Set<String>

  init(_ values: OrderedDictionary<String, JSONValue>, own: some Sequence<String>) {
    self.values = values
    foreign = Set(["messages", "tools"] + own)
  }

  /// Every string from outside, keys included, in a fixed order; roles are none of them, since their few names
  /// are what templates are made of.
  var texts: [Text] {
    var found: [Text] = []
    _ = mapped { text in
      found.append(text)
      return text.text
    }
    return found
  }

  /// The variables with every such string changed.
  func mapped(_ change: (Text) -> String) -> OrderedDictionary<String, JSONValue> {
    withoutActuallyEscaping(change) { change in mapped(by: Walk(change: change)) }
  }

  private func mapped(by walk: Walk) -> OrderedDictionary<String, JSONValue> {
    var walk = walk
    return values.reduce(into: [:]) { result, member in
      guard foreign.contains(member.key) else { return result[member.key] = member.value }
      guard member.key == "messages", case .array(let messages) = member.value else {
        return result[member.key] = walk.value(member.value)
      }
      let changed = messages.enumerated().map { index, message in
        walk.message = index
        return walk.value(message, keeping: "role")
      }
      walk.message = nil
      result[member.key] = .array(changed)
    }
  }

  private struct Walk {
    let change: (Text) -> String
    var message: Int?
    private var index = 0

    init(change: @escaping (Text) -> String) { self.change = change }

    mutating func value(_ value: JSONValue, keeping kept: String? = nil) -> JSONValue {
      switch value {
      case .string(let text): .string(string(text))
      case .array(let list): .array(list.map { self.value($0) })
      case .object(let members):
        .object(
          members.reduce(into: [:]) { result, member in
            if member.key == kept {
              result[member.key] = member.value
            } else {
              let key = string(member.key)
              result[key] = self.value(member.value)
            }
          })
      default: value
      }
    }

    private mutating func string(_ text: String) -> String {
      defer { index += 1 }
      return change(Text(index: index, message: message, text: text))
    }
  }
}
