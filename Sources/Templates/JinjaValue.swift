import JSON
import OrderedCollections

/// A value of a running template, with the meaning that Python gives it.
enum JinjaValue {
  /// A name or member that is not there; the text says which.
  case undefined(String)
  case none
  case bool(Bool)
  case integer(Int)
  case float(Double)
  case string(String)
  /// Text that `safe` or `escape` made: what is added to it is escaped first.
  case markup(String)
  case list(JinjaList)
  case tuple(JinjaList)
  case dictionary(JinjaMapping)
  case namespace(JinjaNamespace)
  indirect case loop(JinjaLoopState)
  case macro(JinjaMacro, caller: JinjaCaller?)
  /// A function of the language, such as `range`.
  case function(String)

  init(_ json: JSONValue) {
    switch json {
    case .null: self = .none
    case .bool(let flag): self = .bool(flag)
    case .integer(let value): self = Int(exactly: value).map { .integer($0) } ?? .none
    case .number(let value): self = .float(value)
    case .float(let value): self = .float(Double(value))
    case .string(let text): self = .string(text)
    case .array(let list): self = .list(JinjaList(list.map { JinjaValue($0) }))
    case .object(let members):
      self = .dictionary(JinjaMapping(members.mapValues { JinjaValue($0) }))
    }
  }

  /// The value as JSON, or nil if it holds something that JSON has no form for.
  var json: JSONValue? {
    switch self {
    case .none: return .null
    case .bool(let flag): return .bool(flag)
    case .integer(let value): return .integer(Int64(value))
    case .float(let value): return .number(value)
    case .string(let text), .markup(let text): return .string(text)
    case .list(let list), .tuple(let list):
      if list.isLazy { return nil }
      let parts = list.compactMap(\.json)
      return parts.count == list.count ? .array(parts) : nil
    case .dictionary(let members):
      var parts: OrderedDictionary<String, JSONValue> = [:]
      for (key, value) in members.members {
        guard let name = key.json, let value = value.json else { return nil }
        parts[name] = value
      }
      return .object(parts)
    case .undefined, .namespace, .loop, .macro, .function: return nil
    }
  }

  /// Depth and weight, known without a walk.
  var extent: JinjaExtent {
    switch self {
    case .string(let text), .markup(let text): return JinjaExtent(weight: text.utf8.count + 1)
    case .list(let list), .tuple(let list): return list.extent
    case .dictionary(let members): return members.extent
    case .namespace: return JinjaExtent(hasReferences: true)
    case .macro(_, let caller): return JinjaExtent(hasReferences: caller != nil)
    case .loop(let state):
      var extent = JinjaExtent()
      if let previous = state.previous { extent.hold(previous.extent) }
      if let next = state.next { extent.hold(next.extent) }
      // Printed it is a few words.
      extent.weight = 1
      return extent
    default: return JinjaExtent()
    }
  }

  /// What counts as true.
  var isTrue: Bool {
    switch self {
    case .undefined, .none: false
    case .bool(let flag): flag
    case .integer(let value): value != 0
    case .float(let value): value != 0
    case .string(let text), .markup(let text): !text.isEmpty
    case .list(let list), .tuple(let list): list.isLazy || !list.isEmpty
    case .dictionary(let members): !members.isEmpty
    case .namespace, .loop, .macro, .function: true
    }
  }

  /// What kind of value this is, for error texts.
  var kind: String {
    switch self {
    case .undefined(let name): "\(name), which is undefined"
    case .none: "none"
    case .bool: "a boolean"
    case .integer, .float: "a number"
    case .string: "a string"
    case .markup: "safe text"
    case .list(let list) where list.isLazy: "a generator"
    case .list: "a list"
    case .tuple: "a tuple"
    case .dictionary: "a mapping"
    case .namespace: "a namespace"
    case .loop: "the loop"
    case .macro, .function: "a function"
    }
  }

  /// The value without the mark of safe text.
  var plain: JinjaValue { if case .markup(let text) = self { .string(text) } else { self } }

  /// The number, if it is one; booleans count as 0 and 1.
  var number: Double? {
    switch self {
    case .bool(let flag): flag ? 1 : 0
    case .integer(let value): Double(value)
    case .float(let value): value
    default: nil
    }
  }

  /// The whole number, if it is one; booleans count as 0 and 1.
  var whole: Int? {
    switch self {
    case .bool(let flag): flag ? 1 : 0
    case .integer(let value): value
    default: nil
    }
  }
}

/// A mutable set of members, which loops write to (`namespace()`).
///
/// Belongs to one rendering on one thread.
final class JinjaNamespace {
  var members: OrderedDictionary<JinjaKey, JinjaValue>
  init(_ members: OrderedDictionary<JinjaKey, JinjaValue>) { self.members = members }
}

/// Where a loop stands.
struct JinjaLoopState {
  var index: Int
  var count: Int
  var previous: JinjaValue?
  var next: JinjaValue?

  func member(_ name: String) -> JinjaValue? {
    switch name {
    case "index": .integer(index + 1)
    case "index0": .integer(index)
    case "revindex": .integer(count - index)
    case "revindex0": .integer(count - index - 1)
    case "first": .bool(index == 0)
    case "last": .bool(index == count - 1)
    case "length": .integer(count)
    // Only recursive loops, which are refused, go deeper.
    case "depth": .integer(1)
    case "depth0": .integer(0)
    case "previtem": previous ?? .undefined("loop.previtem")
    case "nextitem": next ?? .undefined("loop.nextitem")
    default: nil
    }
  }
}

/// The body of a `call` block and the variables it sees.
final class JinjaCaller {
  let body: JinjaMacro
  let scopes: [[String: JinjaValue]]
  init(body: JinjaMacro, scopes: [[String: JinjaValue]]) {
    self.body = body
    self.scopes = scopes
  }
}
