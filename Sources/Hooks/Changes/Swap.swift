/// Exchanges a row's coordinates along two directions: as much of one as there was of the other.
///
/// With `a` and `b` the directions and `x = α a + β b + rest`, the rest at right angles to both, the row becomes
/// `β a + α b + rest`. Directions need be neither of length 1 nor at right angles.
package struct Swap: Change {
  package static let name = "swap"
  package static let summary =
    "Each row's coordinates along two directions are exchanged; what is at right angles to both stays."
  package static let parameters = [
    Parameter("vector", .vector, nil, "One direction, as wide as the point."),
    Parameter("other", .vector, nil, "The other, not a multiple of it."),
  ]
  /// The sine of the angle between the directions below which they count as one.
  private static let leastSine = 1e-3

  private let vector: [Float]
  private let other: [Float]
  /// `x · dual` is β - α, and the row's change that many times `step`, which is a - b.
  private let dual: [Double]
  private let step: [Double]
  private let sine: Double

  package init(_ values: ParameterValues) {
    self.init(values.vector("vector") ?? [], values.vector("other") ?? [])
  }

  package init(_ vector: [Float], _ other: [Float]) {
    self.vector = vector
    self.other = other
    let pairs = zip(vector, other).map { (a: Double($0), b: Double($1)) }
    let aa = pairs.reduce(0) { $0 + $1.a * $1.a }
    let bb = pairs.reduce(0) { $0 + $1.b * $1.b }
    let ab = pairs.reduce(0) { $0 + $1.a * $1.b }
    let determinant = aa * bb - ab * ab
    sine = aa > 0 && bb > 0 ? (max(determinant, 0) / (aa * bb)).squareRoot() : 0
    step = pairs.map { $0.a - $0.b }
    dual =
      sine < Self.leastSine
      ? [] : pairs.map { ((aa + ab) * $0.b - (bb + ab) * $0.a) / determinant }
  }

  package var given: [(name: String, value: ParameterValues.Value)] {
    [("vector", .vector(vector)), ("other", .vector(other))]
  }

  package func check(_ place: ChangedPlace) throws(InterventionProblem) {
    try place.requireWidth(of: vector, Self.name)
    try place.requireWidth(of: other, Self.name)
    guard !place.isPart else {
      throw .changeNotPossible(
        kind: Self.name, site: place.point.site.name,
        reason: "it changes whole rows; leave heads and neurons away")
    }
    guard sine >= Self.leastSine else {
      throw .parameterOutOfRange(
        "other", found: "the same direction or none", allowed: "no multiple of vector")
    }
  }

  package func apply(to row: ChangedRow) {
    var difference = 0.0
    for (column, weight) in dual.enumerated() { difference += weight * Double(row.values[column]) }
    row.update { column, value in Float(Double(value) + difference * step[column]) }
  }
}
