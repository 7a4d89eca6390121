internal import JSON

/// A bound of a number, digit by digit, as it was written.
struct DecimalBound: Sendable, Equatable {
  var isNegative: Bool
  /// Without zeros before, and one zero for nothing.
  var whole: [UInt8]
  /// Without zeros behind.
  var fraction: [UInt8]
  /// Whether the bound itself is out.
  var isExclusive: Bool

  static let zero = DecimalBound(isNegative: false, whole: [0], fraction: [], isExclusive: false)

  var isZero: Bool { whole == [0] && fraction.isEmpty }

  init(isNegative: Bool, whole: [UInt8], fraction: [UInt8], isExclusive: Bool) {
    self.isNegative = isNegative
    self.whole = whole
    self.fraction = fraction
    self.isExclusive = isExclusive
  }

  /// Nil for what is no finite number.
  init?(_ value: JSONValue, isExclusive: Bool) {
    guard let number = value.double, number.isFinite else { return nil }
    let text: String
    if case .integer(let exact) = value { text = String(exact) } else { text = String(number) }
    let parts = text.lowercased().split(separator: "e")
    let mantissa = (parts.first ?? "0").drop { $0 == "-" || $0 == "+" }
    let exponent = parts.count > 1 ? Int(parts[1]) ?? 0 : 0
    let halves = mantissa.split(separator: ".", omittingEmptySubsequences: false)
    var digits = (halves.first ?? "").utf8.map { $0 &- 0x30 }
    var point = digits.count + exponent
    if halves.count > 1 { digits += halves[1].utf8.map { $0 &- 0x30 } }
    while point < 0 {
      digits.insert(0, at: 0)
      point += 1
    }
    while digits.count < point { digits.append(0) }
    isNegative = text.hasPrefix("-")
    let leading = Array(digits[..<point].drop { $0 == 0 })
    whole = leading.isEmpty ? [0] : leading
    fraction = Array(digits[point...].reversed().drop { $0 == 0 }.reversed())
    self.isExclusive = isExclusive
  }

  /// The same distance from zero on its own.
  var magnitude: DecimalBound {
    var bound = self
    bound.isNegative = false
    return bound
  }

  /// Whether this lies nearer to zero, both taken without their signs.
  private func isSmaller(than other: DecimalBound) -> Bool {
    guard whole.count == other.whole.count else { return whole.count < other.whole.count }
    guard whole == other.whole else { return whole.lexicographicallyPrecedes(other.whole) }
    return fraction.lexicographicallyPrecedes(other.fraction)
  }

  func isBelow(_ other: DecimalBound) -> Bool {
    if isZero, other.isZero { return false }
    guard isNegative == other.isNegative else { return isNegative }
    return isNegative ? other.isSmaller(than: self) : isSmaller(than: other)
  }
}

/// What schemas together say of a number.
struct NumberRules {
  private(set) var least: DecimalBound?
  private(set) var most: DecimalBound?
  /// What the number must be a multiple of; 1 for whole numbers, nil for any.
  private(set) var step: Int?

  private static let largestStep = 4096

  init(_ places: [SchemaPlace]) throws(ConstraintError) {
    for place in places {
      // In draft 4 the exclusive ones are flags beside the others.
      let least = [
        try Self.bound(place, "minimum", isExclusive: place["exclusiveMinimum"]?.bool == true),
        try Self.bound(place, "exclusiveMinimum", isExclusive: true),
      ]
      for case let bound? in least
      where Self.isTighter(self.least?.isBelow(bound), bound, than: self.least) {
        self.least = bound
      }
      let most = [
        try Self.bound(place, "maximum", isExclusive: place["exclusiveMaximum"]?.bool == true),
        try Self.bound(place, "exclusiveMaximum", isExclusive: true),
      ]
      for case let bound? in most
      where Self.isTighter(self.most.map(bound.isBelow), bound, than: self.most) {
        self.most = bound
      }
      try readStep(place)
    }
  }

  /// Whether a bound leaves less than another, which may not be there.
  private static func isTighter(
    _ isFurther: Bool?, _ bound: DecimalBound, than other: DecimalBound?
  ) -> Bool {
    guard let isFurther, let other else { return true }
    return isFurther || (bound.isExclusive && !bound.isBelow(other) && !other.isBelow(bound))
  }

  private static func bound(
    _ place: SchemaPlace, _ keyword: String, isExclusive: Bool
  ) throws(ConstraintError) -> DecimalBound? {
    guard let value = place[keyword] else { return nil }
    if value.bool != nil, keyword.hasPrefix("exclusive") { return nil }
    guard let bound = DecimalBound(value, isExclusive: isExclusive) else {
      throw place.refusal(keyword, "it must be a number")
    }
    return bound
  }

  private mutating func readStep(_ place: SchemaPlace) throws(ConstraintError) {
    guard let value = place["multipleOf"] else { return }
    guard let number = value.double, number > 0 else {
      throw place.refusal("multipleOf", "it must be a number above 0")
    }
    guard let whole = value.integer, whole <= Self.largestStep else {
      throw place.refusal(
        "multipleOf", "only whole numbers up to \(Self.largestStep) can be held to")
    }
    let before = step ?? 1
    let (all, overflow) = before.multipliedReportingOverflow(
      by: Int(whole) / Self.divisor(before, Int(whole)))
    guard !overflow, all <= Self.largestStep else {
      throw place.refusal(
        "multipleOf", "only whole numbers up to \(Self.largestStep) can be held to, taken together")
    }
    step = all
  }

  private static func divisor(_ left: Int, _ right: Int) -> Int {
    right == 0 ? left : divisor(right, left % right)
  }

  var isPlain: Bool { least == nil && most == nil && step == nil }

  /// Whether a listed number fits.
  func admits(_ value: JSONValue) -> Bool {
    guard let bound = DecimalBound(value, isExclusive: false) else { return false }
    if let least, bound.isBelow(least) || (least.isExclusive && !least.isBelow(bound)) {
      return false
    }
    if let most, most.isBelow(bound) || (most.isExclusive && !bound.isBelow(most)) { return false }
    if let step { return value.integer.map { $0 % Int64(step) == 0 } ?? false }
    return true
  }
}
