import OrderedCollections

/// How deep a value is and how much of it there is, known without looking inside.
///
/// Printing, comparing and freeing a value walk all of it, one call deeper for each level, so its depth is
/// bounded where it is made and its weight is what such a walk is charged. What stands twice in it weighs twice.
struct JinjaExtent: Sendable, Equatable {
  /// Levels of containers; 0 for a value that holds no others.
  var depth = 0
  /// Values and bytes of text.
  var weight = 1
  /// Whether a namespace or a caller is in it, through which a value could come to hold itself.
  var hasReferences = false

  mutating func hold(_ inner: JinjaExtent) {
    depth = max(depth, inner.depth + 1)
    let (sum, overflow) = weight.addingReportingOverflow(inner.weight)
    weight = overflow ? .max : sum
    hasReferences = hasReferences || inner.hasReferences
  }
}

/// The elements of a list or tuple.
struct JinjaList: RandomAccessCollection {
  let items: [JinjaValue]
  let extent: JinjaExtent
  /// Whether this stands for a generator, as `map` and `select` give them: true even if it is empty, without a
  /// length, an order or a text, and used up by the first walk.
  var isLazy: Bool { walk != nil }
  /// A generator's one walk.
  let walk: JinjaWalk?
  /// How a range prints itself: it holds the numbers of a list, and is none.
  let range: String?

  init(_ items: some Sequence<JinjaValue>, isLazy: Bool = false, range: String? = nil) {
    walk = isLazy ? JinjaWalk() : nil
    self.range = range
    self.items = Array(items)
    extent = self.items.reduce(into: JinjaExtent()) { $0.hold($1.extent) }
  }

  var startIndex: Int { items.startIndex }
  var endIndex: Int { items.endIndex }
  subscript(index: Int) -> JinjaValue { items[index] }
}

/// Whether a generator was walked through; belongs to one rendering on one thread.
final class JinjaWalk {
  var isDone = false
}

/// A key of a mapping: what Python can hash, numbers by value.
enum JinjaKey: Hashable {
  /// The text in UTF-8: two spellings of `é` are two keys.
  case text([UInt8])
  case whole(Int)
  case float(Double)
  case none
  /// Kept apart only to print: `True` is the key 1.
  case bool(Bool)
  indirect case tuple([JinjaKey])

  init(_ text: String) { self = .text(Array(text.utf8)) }

  init?(_ value: JinjaValue) {
    switch value {
    case .string(let text), .markup(let text): self.init(text)
    case .integer(let value): self = .whole(value)
    case .bool(let flag): self = .bool(flag)
    case .float(let value): self = .float(value)
    case .none: self = .none
    case .tuple(let list):
      let keys = list.compactMap { JinjaKey($0) }
      guard keys.count == list.count else { return nil }
      self = .tuple(keys)
    default: return nil
    }
  }

  var value: JinjaValue {
    switch self {
    case .text(let bytes): .string(String(decoding: bytes, as: UTF8.self))
    case .whole(let value): .integer(value)
    case .float(let value): .float(value)
    case .none: .none
    case .bool(let flag): .bool(flag)
    case .tuple(let keys): .tuple(JinjaList(keys.map(\.value)))
    }
  }

  var weight: Int {
    switch self {
    case .text(let bytes): bytes.count + 1
    case .tuple(let keys): keys.reduce(1) { $0 + $1.weight }
    default: 1
    }
  }

  /// Texts, as templates know most keys.
  var text: String? {
    if case .text(let bytes) = self { String(decoding: bytes, as: UTF8.self) } else { nil }
  }

  /// The key as JSON's writer in Python spells it.
  var json: String? {
    switch self {
    case .text, .whole, .float: value.text
    case .bool(let flag): flag ? "true" : "false"
    case .none: "null"
    case .tuple: nil
    }
  }

  private var number: Int? {
    switch self {
    case .whole(let value): value
    case .bool(let flag): flag ? 1 : 0
    case .float(let value): Int(exactly: value)
    default: nil
    }
  }

  static func == (one: JinjaKey, two: JinjaKey) -> Bool {
    if let left = one.number, let right = two.number { return left == right }
    switch (one, two) {
    case (.text(let left), .text(let right)): return left == right
    case (.float(let left), .float(let right)): return left == right
    case (.none, .none): return true
    case (.tuple(let left), .tuple(let right)): return left == right
    default: return false
    }
  }

  func hash(into hasher: inout Hasher) {
    if let number { return hasher.combine(number) }
    switch self {
    case .text(let bytes): hasher.combine(bytes)
    case .float(let value): hasher.combine(value)
    case .tuple(let keys): hasher.combine(keys)
    default: break
    }
  }
}

/// The members of a mapping, in the order in which they came.
struct JinjaMapping {
  let members: OrderedDictionary<JinjaKey, JinjaValue>
  let extent: JinjaExtent

  init(_ members: OrderedDictionary<JinjaKey, JinjaValue>) {
    self.members = members
    extent = members.reduce(into: JinjaExtent()) { extent, member in
      extent.hold(JinjaExtent(weight: member.key.weight))
      extent.hold(member.value.extent)
    }
  }

  init(_ members: OrderedDictionary<String, JinjaValue>) {
    self.init(members.reduce(into: [:]) { $0[JinjaKey($1.key)] = $1.value })
  }

  var count: Int { members.count }
  var isEmpty: Bool { members.isEmpty }
  var keys: [JinjaValue] { members.keys.map(\.value) }
  var values: [JinjaValue] { Array(members.values) }
  /// Key and value of each member.
  var items: [JinjaValue] { members.map { .tuple(JinjaList([$0.key.value, $0.value])) } }

  subscript(name: String) -> JinjaValue? { members[JinjaKey(name)] }
  subscript(key: JinjaValue) -> JinjaValue? { JinjaKey(key).flatMap { members[$0] } }
}
