internal import Foundation

/// How far the scores of one arithmetic are from those of another, over many positions.
struct LogitError: Encodable, Equatable {
  private(set) var positions = 0
  /// Of all scores at all positions.
  private(set) var largestDifference: Float = 0
  /// The largest score without its sign, which a difference is to be seen beside.
  private(set) var largestScore: Float = 0
  /// In nats, from the first arithmetic's chances to the other's: Σ p log(p / q).
  private(set) var meanDivergence = 0.0
  private(set) var largestDivergence = 0.0
  /// Positions at which another token is the likeliest.
  private(set) var otherTokens = 0

  /// Adds a position.
  ///
  /// - Returns: false, and nothing is added, where a score is no number.
  mutating func add(
    _ exact: UnsafeBufferPointer<Float>, _ other: UnsafeBufferPointer<Float>
  ) -> Bool {
    let (p, q) = (Normalised(exact), Normalised(other))
    guard p.logarithm.isFinite, q.logarithm.isFinite, exact.count == other.count else {
      return false
    }
    var divergence = 0.0
    for (a, b) in zip(exact, other) {
      largestDifference = max(largestDifference, abs(a - b))
      largestScore = max(largestScore, abs(a))
      let logarithm = Double(a) - p.logarithm
      divergence += exp(logarithm) * (logarithm - (Double(b) - q.logarithm))
    }
    // Equal chances may come out a rounding below none.
    divergence = max(divergence, 0)
    positions += 1
    meanDivergence += (divergence - meanDivergence) / Double(positions)
    largestDivergence = max(largestDivergence, divergence)
    if p.best != q.best { otherTokens += 1 }
    return true
  }

  /// The best of some scores, and the logarithm of the sum of their exponentials.
  private struct Normalised {
    let best: Int
    let logarithm: Double

    init(_ scores: UnsafeBufferPointer<Float>) {
      best = scores.indices.max { (scores[$0], $1) < (scores[$1], $0) } ?? 0
      let top = scores.isEmpty ? 0 : Double(scores[best])
      logarithm = top + log(scores.reduce(0) { $0 + exp(Double($1) - top) })
    }
  }
}
