extension SchemaGrammar {
  mutating func writeNumbers(
    _ facts: SchemaFacts, allowsFractions: Bool, from: Int32, to: Int32
  ) throws(ConstraintError) {
    let rules = try NumberRules(facts.places)
    guard !rules.isPlain else {
      return grammar.call(allowsFractions ? shapes.number : shapes.integer, from, to)
    }
    let step = rules.step ?? 1
    let fractions = allowsFractions && rules.step == nil
    let zero = DecimalBound.zero
    if !(rules.most?.isNegative ?? false) {
      let least = rules.least.flatMap { $0.isNegative ? nil : $0 }
      var digits = DigitWriter(least: least, most: rules.most, step: step, fractions: fractions)
      try digits.write(&grammar, from: from, to: to)
    }
    if let least = rules.least, !least.isBelow(zero) { return }
    // Below zero the bounds change places; zero itself was written above.
    var nearest = zero
    nearest.isExclusive = true
    if let most = rules.most, most.isNegative, !most.isZero { nearest = most.magnitude }
    var digits = DigitWriter(
      least: nearest, most: rules.least?.magnitude, step: step, fractions: fractions)
    try digits.write(&grammar, from: try grammar.spell("-", from: from), to: to)
  }
}

/// Writes numbers from 0 on between two bounds, digit by digit from the left.
///
/// While the digits are those of a bound, the next one must not pass it; once one differs, all may come.
struct DigitWriter {
  let least: DecimalBound?
  let most: DecimalBound?
  /// What whole numbers must be multiples of.
  let step: Int
  let fractions: Bool

  /// Where a number stands: digits that are still to come before the point, or that came behind it.
  private struct Place: Hashable {
    var isFraction: Bool
    /// Digits of the whole part in all, where a bound is followed or digits are still counted.
    var length: Int
    var position: Int
    var followsLeast: Bool
    var followsMost: Bool
    var remainder: Int
  }

  private var states: [Place: Int32] = [:]

  init(least: DecimalBound?, most: DecimalBound?, step: Int, fractions: Bool) {
    self.least = least
    self.most = most
    self.step = step
    self.fractions = fractions
  }

  /// Digits that a double surely keeps, so that numbers beyond a bound stay beyond it.
  private static let sureDigits = 15

  mutating func write(_ grammar: inout Grammar, from: Int32, to: Int32) throws(ConstraintError) {
    var open: [Place] = []
    for length in 1...JSONShapes.wholeDigits {
      guard length >= least?.whole.count ?? 1, length <= most?.whole.count ?? .max else { continue }
      let place = Place(
        isFraction: false, length: length, position: 0,
        followsLeast: length == least?.whole.count, followsMost: length == most?.whole.count,
        remainder: 0)
      grammar.jump(from, try state(place, &open, &grammar))
    }
    while let place = open.popLast() {
      try write(place, &open, &grammar, to: to)
    }
  }

  private mutating func state(
    _ place: Place, _ open: inout [Place], _ grammar: inout Grammar
  ) throws(ConstraintError) -> Int32 {
    var place = place
    // Where no bound is followed, only the digits to come matter.
    if !place.isFraction, place.position > 0, !place.followsLeast, !place.followsMost, !fractions {
      place.position = JSONShapes.wholeDigits - (place.length - place.position)
      place.length = JSONShapes.wholeDigits
    }
    if let known = states[place] { return known }
    let state = try grammar.state()
    states[place] = state
    open.append(place)
    return state
  }

  private mutating func write(
    _ place: Place, _ open: inout [Place], _ grammar: inout Grammar, to: Int32
  ) throws(ConstraintError) {
    guard let state = states[place] else { return }
    let isWhole = !place.isFraction && place.position == place.length
    if isWhole || (place.isFraction && place.position > 0), mayEnd(place) {
      grammar.jump(state, to)
    }
    if isWhole {
      guard fractions, place.length < Self.sureDigits else { return }
      var next = place
      next.isFraction = true
      next.position = 0
      let point = try grammar.spell(".", from: state)
      grammar.jump(point, try self.state(next, &open, &grammar))
      return
    }
    if place.isFraction, place.position >= Self.sureDigits - place.length { return }
    let first = !place.isFraction && place.position == 0 && place.length > 1 ? 1 : 0
    for digit in first...9 {
      guard var next = following(place, UInt8(digit)) else { continue }
      next.position += 1
      let target = try self.state(next, &open, &grammar)
      grammar.take(0x30 + UInt8(digit), 0x30 + UInt8(digit), state, target)
    }
  }

  /// The bounds that are still followed behind a digit; nil where it passes one.
  private func following(_ place: Place, _ digit: UInt8) -> Place? {
    func own(_ bound: DecimalBound?) -> UInt8 {
      let digits = place.isFraction ? bound?.fraction : bound?.whole
      return digits.flatMap { place.position < $0.count ? $0[place.position] : nil } ?? 0
    }
    var next = place
    if place.followsLeast {
      let bound = own(least)
      if digit < bound { return nil }
      next.followsLeast = digit == bound
    }
    if place.followsMost {
      let bound = own(most)
      if digit > bound { return nil }
      next.followsMost = digit == bound
    }
    if !place.isFraction { next.remainder = (place.remainder * 10 + Int(digit)) % step }
    return next
  }

  private func mayEnd(_ place: Place) -> Bool {
    guard place.remainder == 0 else { return false }
    let count = place.isFraction ? place.position : 0
    if place.followsLeast, let least {
      guard count >= least.fraction.count, !least.isExclusive else { return false }
    }
    if place.followsMost, let most {
      guard count < most.fraction.count || !most.isExclusive else { return false }
    }
    return true
  }
}
