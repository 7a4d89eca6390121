import OrderedCollections

/// Values of expressions.
extension JinjaInterpreter {
  mutating func evaluate(_ expression: JinjaExpression) throws(TemplateError) -> JinjaValue {
    try enter()
    defer { leave() }
    let value = try unchecked(expression)
    // Nothing makes a value more than a few levels deeper than what it is made of.
    guard value.extent.depth <= limits.nesting else {
      throw failure("a value of more than \(limits.nesting) levels")
    }
    return value
  }

  private mutating func unchecked(
    _ expression: JinjaExpression
  ) throws(TemplateError) -> JinjaValue {
    switch expression {
    case .none: return .none
    case .bool(let flag): return .bool(flag)
    case .integer(let value): return .integer(value)
    case .float(let value): return .float(value)
    case .string(let text): return .string(text)
    case .name(let name): return look(up: name)
    case .list(let items): return .list(JinjaList(try evaluate(items)))
    case .tuple(let items): return .tuple(JinjaList(try evaluate(items)))
    case .dictionary(let members): return try dictionary(members)
    case .member(let value, let name, let line):
      return try member(name, of: try evaluate(value), line)
    case .item(let value, let index, let line):
      return try item(try evaluate(index), of: try evaluate(value), line)
    case .slice(let value, let from, let to, let step, let line):
      return try slice(try evaluate(value), from, to, step, line)
    case .call(let callee, let arguments, let line): return try call(callee, arguments, line)
    case .filtered(let value, let filter): return try apply(filter, to: try evaluate(value))
    case .test(let value, let name, let arguments, let negated, let line):
      let found = try holds(name, try evaluate(value), try evaluate(arguments), line)
      return .bool(found != negated)
    case .negate(let value, let line):
      return try operate(.subtract, .integer(0), try evaluate(value), line)
    case .not(let value): return .bool(!(try evaluate(value).isTrue))
    case .and(let left, let right):
      let first = try evaluate(left)
      return first.isTrue ? try evaluate(right) : first
    case .or(let left, let right):
      let first = try evaluate(left)
      return first.isTrue ? first : try evaluate(right)
    case .operation(let operation, let left, let right, let line):
      return try operate(operation, try evaluate(left), try evaluate(right), line)
    case .comparison(let first, let rest, let line): return try compare(first, rest, line)
    case .conditional(let value, let condition, let other):
      if try evaluate(condition).isTrue { return try evaluate(value) }
      guard let other else { return .undefined("an inline if without else") }
      return try evaluate(other)
    }
  }

  mutating func evaluate(_ list: [JinjaExpression]) throws(TemplateError) -> [JinjaValue] {
    var values: [JinjaValue] = []
    for expression in list { values.append(try evaluate(expression)) }
    try charge(values: values.count)
    return values
  }

  private mutating func dictionary(
    _ members: [(key: JinjaExpression, value: JinjaExpression)]
  ) throws(TemplateError) -> JinjaValue {
    var dictionary: OrderedDictionary<JinjaKey, JinjaValue> = [:]
    for member in members {
      let given = try evaluate(member.key)
      guard let key = JinjaKey(given) else { throw failure("\(given.kind) as a mapping's key") }
      dictionary[key] = try evaluate(member.value)
    }
    return .dictionary(JinjaMapping(dictionary))
  }

  /// `value.name`.
  func member(
    _ name: String, of value: JinjaValue, _ line: Int
  ) throws(TemplateError) -> JinjaValue {
    switch value {
    case .dictionary(let members): return members[name] ?? .undefined("'\(name.prefix(80))'")
    case .namespace(let namespace):
      return namespace.members[JinjaKey(name)] ?? .undefined("'\(name.prefix(80))'")
    case .loop(let state):
      guard let found = state.member(name) else {
        throw failure("the loop has no '\(name)' here", line: line)
      }
      return found
    case .undefined: throw failure("'\(name.prefix(80))' of \(value.kind)", line: line)
    default: return .undefined("'\(name.prefix(80))' of \(value.kind)")
    }
  }

  /// `value[index]`.
  mutating func item(
    _ index: JinjaValue, of value: JinjaValue, _ line: Int
  ) throws(TemplateError) -> JinjaValue {
    if case .markup = value { throw failure("an item of safe text", line: line) }
    if case .list(let list) = value, list.isLazy {
      throw failure("an item of a generator", line: line)
    }
    if case .undefined = value { throw failure("an item of \(value.kind)", line: line) }
    if case .dictionary(let members) = value {
      try charge(index)
      return members[index] ?? .undefined("an item at \(index.kind)")
    }
    if case .string(let name) = index.plain { return try member(name, of: value, line) }
    guard let index = index.whole else { return .undefined("an item at \(index.kind)") }
    let missing = JinjaValue.undefined("item \(index)")
    switch value {
    case .list(let list), .tuple(let list):
      let place = index < 0 ? index + list.count : index
      return list.indices.contains(place) ? list[place] : missing
    case .string(let text):
      try charge(bytes: text.utf8.count)
      let scalars = Array(text.unicodeScalars)
      let place = index < 0 ? index + scalars.count : index
      return scalars.indices.contains(place) ? .string(String(scalars[place])) : missing
    default: return missing
    }
  }

  private mutating func slice(
    _ value: JinjaValue, _ from: JinjaExpression?, _ to: JinjaExpression?,
    _ step: JinjaExpression?, _ line: Int
  ) throws(TemplateError) -> JinjaValue {
    let low = try bound(from, line)
    let high = try bound(to, line)
    let stride = try bound(step, line) ?? 1
    guard stride != 0 else { throw failure("a slice with step 0", line: line) }
    if case .list(let list) = value, list.isLazy {
      throw failure("a slice of a generator", line: line)
    }
    if case .string = value {} else { try charge(values: value.length ?? 0) }
    switch value {
    case .list(let list):
      return .list(JinjaList(Self.places(list.count, low, high, stride).map { list[$0] }))
    case .tuple(let list):
      return .tuple(JinjaList(Self.places(list.count, low, high, stride).map { list[$0] }))
    case .string(let text):
      try charge(bytes: text.utf8.count)
      let scalars = Array(text.unicodeScalars)
      let kept = Self.places(scalars.count, low, high, stride).map { scalars[$0] }
      return .string(String(String.UnicodeScalarView(kept)))
    default: throw failure("a slice of \(value.kind)", line: line)
    }
  }

  private mutating func bound(
    _ expression: JinjaExpression?, _ line: Int
  ) throws(TemplateError) -> Int? {
    guard let expression else { return nil }
    let value = try evaluate(expression)
    if case .none = value { return nil }
    guard let whole = value.whole else {
      throw failure("a slice to \(value.kind)", line: line)
    }
    return whole
  }

  /// The indices of a slice, as Python counts them.
  private static func places(_ count: Int, _ from: Int?, _ to: Int?, _ step: Int) -> [Int] {
    let lowest = step > 0 ? 0 : -1
    let highest = step > 0 ? count : count - 1
    func clamp(_ place: Int) -> Int {
      let place = place < 0 ? max(place, -count - 1) + count : place
      return min(max(place, lowest), highest)
    }
    let start = from.map(clamp) ?? (step > 0 ? 0 : count - 1)
    let end = to.map(clamp) ?? (step > 0 ? count : -1)
    // A step beyond the length takes one element; the clamp keeps the arithmetic in range.
    let stride = min(max(step, -count - 1), count + 1)
    return stride == 0 ? [] : Array(Swift.stride(from: start, to: end, by: stride))
  }

  private mutating func compare(
    _ first: JinjaExpression, _ rest: [(JinjaExpression.Comparison, JinjaExpression)], _ line: Int
  ) throws(TemplateError) -> JinjaValue {
    var left = try evaluate(first)
    for (comparison, expression) in rest {
      let right = try evaluate(expression)
      guard try holds(comparison, left, right, line) else { return .bool(false) }
      left = right
    }
    return .bool(true)
  }

  private mutating func holds(
    _ comparison: JinjaExpression.Comparison, _ left: JinjaValue, _ right: JinjaValue, _ line: Int
  ) throws(TemplateError) -> Bool {
    switch comparison {
    case .equal: return try equal(left, right)
    case .unequal: return !(try equal(left, right))
    case .contained: return try contains(right, left, line)
    case .notContained: return !(try contains(right, left, line))
    case .less, .lessOrEqual, .greater, .greaterOrEqual:
      let turned = comparison == .greater || comparison == .greaterOrEqual
      let less = try turned ? isLess(right, left, line) : isLess(left, right, line)
      let orEqual = comparison == .lessOrEqual || comparison == .greaterOrEqual
      if less || !orEqual { return less }
      return try equal(left, right)
    }
  }

  /// Whether a container holds an element, a key or a part of a text.
  mutating func contains(
    _ container: JinjaValue, _ element: JinjaValue, _ line: Int
  ) throws(TemplateError) -> Bool {
    switch (container.plain, element.plain) {
    case (.string(let text), .string(let part)):
      try charge(bytes: text.utf8.count + part.utf8.count)
      return PythonText.find(part, in: text) != nil
    case (.dictionary(let members), _):
      try charge(element)
      return members[element] != nil
    case (.undefined, _): return false
    case (.list, _), (.tuple, _):
      for item in try sequence(of: container) ?? [] where try equal(item, element) {
        return true
      }
      return false
    default: throw failure("\(element.kind) in \(container.kind)", line: line)
    }
  }
}
