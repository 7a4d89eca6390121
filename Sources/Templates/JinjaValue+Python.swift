import JSON
import OrderedCollections

/// Texts, equality and order as Python has them.
extension JinjaValue {
  /// `str(value)`.
  var text: String {
    switch self {
    case .undefined: ""
    case .string(let text), .markup(let text): text
    default: representation
    }
  }

  /// `repr(value)`.
  var representation: String {
    switch self {
    case .undefined: return "Undefined"
    case .none: return "None"
    case .bool(let flag): return flag ? "True" : "False"
    case .integer(let value): return String(value)
    case .float(let value): return Self.spell(value)
    case .string(let text): return Self.quote(text)
    case .markup(let text): return "Markup(" + Self.quote(text) + ")"
    case .list(let list) where list.range != nil: return list.range ?? ""
    case .list(let list): return "[" + list.map(\.representation).joined(separator: ", ") + "]"
    case .tuple(let list):
      let parts = list.map(\.representation).joined(separator: ", ")
      return "(" + parts + (list.count == 1 ? ",)" : ")")
    case .dictionary(let members):
      let parts = members.members.map {
        $0.key.value.representation + ": " + $0.value.representation
      }
      return "{" + parts.joined(separator: ", ") + "}"
    case .namespace(let space):
      return "<Namespace " + JinjaValue.dictionary(JinjaMapping(space.members)).representation + ">"
    case .loop(let state): return "<LoopContext \(state.index + 1)/\(state.count)>"
    case .macro(let macro, _): return "<Macro '\(macro.name)'>"
    case .function(let name): return "<function \(name)>"
    }
  }

  private static func spell(_ value: Double) -> String {
    guard value.isFinite else { return value.isNaN ? "nan" : value < 0 ? "-inf" : "inf" }
    return JSONStyle.python(value)
  }

  /// Single quotes, unless the text has some and no double ones.
  private static func quote(_ text: String) -> String {
    let scalars = text.unicodeScalars
    let quote: Unicode.Scalar = scalars.contains("'") && !scalars.contains("\"") ? "\"" : "'"
    var result = String.UnicodeScalarView([quote])
    for scalar in scalars {
      switch scalar {
      case "\\": result.append(contentsOf: ["\\", "\\"])
      case "\n": result.append(contentsOf: ["\\", "n"])
      case "\r": result.append(contentsOf: ["\\", "r"])
      case "\t": result.append(contentsOf: ["\\", "t"])
      case quote: result.append(contentsOf: ["\\", quote])
      default:
        if scalar.value < 0x20 || scalar.value == 0x7F {
          let digits = String(scalar.value, radix: 16)
          let padded = "\\x" + (digits.count < 2 ? "0" : "") + digits
          result.append(contentsOf: padded.unicodeScalars)
        } else {
          result.append(scalar)
        }
      }
    }
    result.append(quote)
    return String(result)
  }

  /// `==`: numbers by value, everything else by kind and content.
  func equals(_ other: JinjaValue) -> Bool {
    switch (plain, other.plain) {
    case (.undefined, .undefined), (.none, .none): return true
    case (.string(let one), .string(let two)): return one.utf8.elementsEqual(two.utf8)
    case (.list(let one), .list(let two)) where (one.range == nil) != (two.range == nil):
      return false
    case (.list(let one), .list(let two)), (.tuple(let one), .tuple(let two)):
      return one.count == two.count && zip(one, two).allSatisfy { $0.equals($1) }
    case (.dictionary(let one), .dictionary(let two)):
      return one.count == two.count
        && one.members.allSatisfy { member in
          two.members[member.key].map { member.value.equals($0) } ?? false
        }
    case (.namespace(let one), .namespace(let two)): return one === two
    default:
      if let one = whole, let two = other.whole { return one == two }
      guard let one = number, let two = other.number else { return false }
      return one == two
    }
  }

  /// `<`, or nil for values without an order between them.
  func isLess(than other: JinjaValue) -> Bool? {
    switch (plain, other.plain) {
    case (.string(let one), .string(let two)):
      return one.unicodeScalars.lexicographicallyPrecedes(two.unicodeScalars)
    case (.list(let one), .list(let two))
    where one.isLazy || two.isLazy || one.range != nil || two.range != nil:
      return nil
    case (.list(let one), .list(let two)), (.tuple(let one), .tuple(let two)):
      for (left, right) in zip(one, two) where !left.equals(right) {
        return left.isLess(than: right)
      }
      return one.count < two.count
    default:
      if let one = whole, let two = other.whole { return one < two }
      guard let one = number, let two = other.number else { return nil }
      return one < two
    }
  }

  /// What `for` runs over: elements, keys or characters; nil for what cannot be run over.
  var sequence: [JinjaValue]? {
    switch self {
    case .list(let list), .tuple(let list): list.items
    case .dictionary(let members): members.keys
    case .string(let text), .markup(let text): text.unicodeScalars.map { .string(String($0)) }
    case .undefined: []
    default: nil
    }
  }

  /// `len(value)`.
  var length: Int? {
    switch self {
    case .string(let text), .markup(let text): text.unicodeScalars.count
    case .list(let list), .tuple(let list): list.isLazy ? nil : list.count
    case .dictionary(let members): members.count
    case .undefined: 0
    default: nil
    }
  }

  /// How many elements a walk goes through.
  var sequenceCount: Int {
    if case .list(let list) = self { list.count } else { length ?? 0 }
  }
}
