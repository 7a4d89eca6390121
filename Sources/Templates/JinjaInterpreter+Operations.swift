/// Arithmetic and joining, as Python does them but for overflow, which fails.
extension JinjaInterpreter {
  mutating func operate(
    _ operation: JinjaExpression.Operation, _ left: JinjaValue, _ right: JinjaValue, _ line: Int
  ) throws(TemplateError) -> JinjaValue {
    if let safe = try joinSafely(operation, left, right, line) { return safe }
    switch (operation, left, right) {
    case (.concatenate, _, _): return try join(try text(of: left), try text(of: right))
    case (.add, .string(let one), .string(let two)): return try join(one, two)
    case (.add, .list(let one), .list(let two)):
      try account((one.count + two.count) * 16)
      try charge(values: one.count + two.count)
      return .list(JinjaList(one.items + two.items))
    case (.add, .tuple(let one), .tuple(let two)):
      try account((one.count + two.count) * 16)
      try charge(values: one.count + two.count)
      return .tuple(JinjaList(one.items + two.items))
    case (.multiply, .string(let text), .integer(let count)),
      (.multiply, .integer(let count), .string(let text)):
      return .string(try repeated(text, count))
    case (.multiply, .list(let list), .integer(let count)):
      let times = max(count, 0)
      let (size, overflow) = list.count.multipliedReportingOverflow(by: times)
      try account(overflow || size > limits.bytes ? limits.bytes + 1 : size * 16)
      try charge(values: size)
      return .list(JinjaList(Array(repeatElement(list.items, count: times).joined())))
    default: break
    }
    if let one = left.whole, let two = right.whole, operation != .divide {
      return try operate(operation, one, two, line)
    }
    guard let one = left.number, let two = right.number else {
      throw failure(
        "\(left.kind) \(operation.rawValue) \(right.kind) has no value", line: line)
    }
    return .float(try operate(operation, one, two, line))
  }

  /// What `+` puts beside safe text is escaped, and the whole is safe; `~` knows no safe text, since templates
  /// of chats are not rendered for HTML.
  private mutating func joinSafely(
    _ operation: JinjaExpression.Operation, _ left: JinjaValue, _ right: JinjaValue, _ line: Int
  ) throws(TemplateError) -> JinjaValue? {
    func isSafe(_ value: JinjaValue) -> Bool { if case .markup = value { true } else { false } }
    guard operation != .concatenate, isSafe(left) || isSafe(right) else { return nil }
    func isText(_ value: JinjaValue) -> Bool {
      if case .string = value.plain { true } else { false }
    }
    guard operation == .add, isText(left), isText(right) else {
      throw failure(
        "\(left.kind) \(operation.rawValue) \(right.kind) has no value here", line: line)
    }
    var texts: [String] = []
    for value in [left, right] {
      let text = try text(of: value)
      // One character becomes six at most.
      try account(6 * text.utf8.count)
      try charge(bytes: 6 * text.utf8.count)
      texts.append(isSafe(value) ? text : Self.escape(text))
    }
    return .markup(texts.joined())
  }

  private mutating func join(_ one: String, _ two: String) throws(TemplateError) -> JinjaValue {
    try account(one.utf8.count + two.utf8.count)
    try charge(bytes: one.utf8.count + two.utf8.count)
    return .string(one + two)
  }

  /// A text several times in a row.
  mutating func repeated(_ text: String, _ count: Int) throws(TemplateError) -> String {
    let times = max(count, 0)
    let (size, overflow) = text.utf8.count.multipliedReportingOverflow(by: times)
    try account(overflow ? limits.bytes + 1 : min(size, limits.bytes + 1))
    try charge(bytes: size)
    return size == 0 ? "" : String(repeating: text, count: times)
  }

  private func operate(
    _ operation: JinjaExpression.Operation, _ one: Int, _ two: Int, _ line: Int
  ) throws(TemplateError) -> JinjaValue {
    let result: (partialValue: Int, overflow: Bool)
    switch operation {
    case .add: result = one.addingReportingOverflow(two)
    case .subtract: result = one.subtractingReportingOverflow(two)
    case .multiply: result = one.multipliedReportingOverflow(by: two)
    case .floorDivide, .remainder:
      guard two != 0 else { throw failure("a division by zero", line: line) }
      // Python rounds towards minus infinity, and the remainder takes the divisor's sign.
      let (quotient, overflow) = one.dividedReportingOverflow(by: two)
      let remainder = overflow ? 0 : one % two
      let down = remainder != 0 && (remainder < 0) != (two < 0)
      result =
        operation == .floorDivide
        ? (quotient - (down ? 1 : 0), overflow) : (remainder + (down ? two : 0), false)
    case .power:
      guard two >= 0 else {
        return .float(try operate(operation, Double(one), Double(two), line))
      }
      result = Self.power(one, two)
    case .divide, .concatenate:
      return .float(try operate(operation, Double(one), Double(two), line))
    }
    guard !result.overflow else { throw failure("a number beyond 64 bits", line: line) }
    return .integer(result.partialValue)
  }

  private static func power(_ base: Int, _ exponent: Int) -> (partialValue: Int, overflow: Bool) {
    if base == 0 || base == 1 { return (exponent == 0 ? 1 : base, false) }
    if base == -1 { return (exponent % 2 == 0 ? 1 : -1, false) }
    guard exponent < 64 else { return (0, true) }
    var result = (partialValue: 1, overflow: false)
    for _ in 0..<exponent where !result.overflow {
      result = result.partialValue.multipliedReportingOverflow(by: base)
    }
    return result
  }

  private func operate(
    _ operation: JinjaExpression.Operation, _ one: Double, _ two: Double, _ line: Int
  ) throws(TemplateError) -> Double {
    switch operation {
    case .add: return one + two
    case .subtract: return one - two
    case .multiply: return one * two
    case .divide, .floorDivide, .remainder:
      guard two != 0 else { throw failure("a division by zero", line: line) }
      let floor = (one / two).rounded(.down)
      return operation == .divide
        ? one / two : operation == .floorDivide ? floor : one - floor * two
    case .power:
      guard two.magnitude <= 64, two.rounded() == two else {
        throw failure("a power that is not small and whole", line: line)
      }
      let power = (0..<Int(two.magnitude)).reduce(1.0) { product, _ in product * one }
      return two < 0 ? 1 / power : power
    case .concatenate: return one
    }
  }
}
