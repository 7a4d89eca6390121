import OrderedCollections

/// Values of expressions.
extension JinjaInterpreter {
  mutating func evaluate(_ expression: JinjaExpression) throws(TemplateError) -> JinjaValue {
    try enter()
    defer { leave() }
    switch expression {
    case .none: return .none
    case .bool(let flag): return .bool(flag)
    case .integer(let value): return .integer(value)
    case .float(let value): return .float(value)
    case .string(let text): return .string(text)
    case .name(let name): return look(up: name)
    case .list(let items): return .list(try evaluate(items))
    case .tuple(let items): return .tuple(try evaluate(items))
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
      let found = try JinjaTests.holds(
        name, try evaluate(value), try evaluate(arguments), failed: { failure($0, line: line) })
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
    return values
  }

  private mutating func dictionary(
    _ members: [(key: JinjaExpression, value: JinjaExpression)]
  ) throws(TemplateError) -> JinjaValue {
    var dictionary: OrderedDictionary<String, JinjaValue> = [:]
    for member in members {
      guard case .string(let key) = try evaluate(member.key) else {
        throw failure("a mapping's key must be a string")
      }
      dictionary[key] = try evaluate(member.value)
    }
    return .dictionary(dictionary)
  }

  /// `value.name`.
  func member(
    _ name: String, of value: JinjaValue, _ line: Int
  ) throws(TemplateError) -> JinjaValue {
    switch value {
    case .dictionary(let members): return members[name] ?? .undefined("'\(name)'")
    case .namespace(let namespace): return namespace.members[name] ?? .undefined("'\(name)'")
    case .loop(let state):
      guard let found = state.member(name) else {
        throw failure("the loop has no '\(name)' here", line: line)
      }
      return found
    case .undefined: throw failure("'\(name)' of \(value.kind)", line: line)
    default: return .undefined("'\(name)' of \(value.kind)")
    }
  }

  /// `value[index]`.
  func item(
    _ index: JinjaValue, of value: JinjaValue, _ line: Int
  ) throws(TemplateError) -> JinjaValue {
    if case .undefined = value { throw failure("an item of \(value.kind)", line: line) }
    if case .string(let name) = index { return try member(name, of: value, line) }
    guard let index = index.whole else { return .undefined("an item at \(index.kind)") }
    let missing = JinjaValue.undefined("item \(index)")
    switch value {
    case .list(let list), .tuple(let list):
      let place = index < 0 ? index + list.count : index
      return list.indices.contains(place) ? list[place] : missing
    case .string(let text):
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
    switch value {
    case .list(let list):
      return .list(Self.places(list.count, low, high, stride).map { list[$0] })
    case .tuple(let list):
      return .tuple(Self.places(list.count, low, high, stride).map { list[$0] })
    case .string(let text):
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

  private func holds(
    _ comparison: JinjaExpression.Comparison, _ left: JinjaValue, _ right: JinjaValue, _ line: Int
  ) throws(TemplateError) -> Bool {
    switch comparison {
    case .equal: return left.equals(right)
    case .unequal: return !left.equals(right)
    case .contained: return try contains(right, left, line)
    case .notContained: return !(try contains(right, left, line))
    case .less, .lessOrEqual, .greater, .greaterOrEqual:
      let turned = comparison == .greater || comparison == .greaterOrEqual
      guard let less = turned ? right.isLess(than: left) : left.isLess(than: right) else {
        throw failure("\(left.kind) and \(right.kind) have no order", line: line)
      }
      let orEqual = comparison == .lessOrEqual || comparison == .greaterOrEqual
      return less || (orEqual && left.equals(right))
    }
  }

  /// Whether a container holds an element, a key or a part of a text.
  func contains(
    _ container: JinjaValue, _ element: JinjaValue, _ line: Int
  ) throws(TemplateError) -> Bool {
    switch (container, element) {
    case (.string(let text), .string(let part)): return PythonText.find(part, in: text) != nil
    case (.dictionary(let members), .string(let key)): return members[key] != nil
    case (.dictionary, _), (.undefined, _): return false
    case (.list(let list), _), (.tuple(let list), _): return list.contains { $0.equals(element) }
    default: throw failure("\(element.kind) in \(container.kind)", line: line)
    }
  }
}
