/// One figure: what was measured, in which unit, how often, and how far the rounds lie apart.
struct BenchRow: Encodable {
  let name: String
  let unit: String
  let median: Double
  let minimum: Double
  let maximum: Double
  let rounds: [Double]
  /// The median of each round's ratio to the variant it is compared with, measured in the same round.
  let ratio: Double?
  /// What it is compared with.
  let against: String?

  init(
    _ name: String, unit: String, rounds: [Double], against: (name: String, rounds: [Double])? = nil
  ) {
    self.name = name
    self.unit = unit
    self.rounds = rounds
    median = rounds.median
    minimum = rounds.min() ?? 0
    maximum = rounds.max() ?? 0
    self.against = against?.name
    ratio = against.map { other in
      zip(rounds, other.rounds).filter { $0.1 > 0 }.map { $0.0 / $0.1 }.median
    }
  }
}

extension [Double] {
  /// The middle value, or the mean of the two in the middle; 0 where there is none.
  var median: Double {
    guard !isEmpty else { return 0 }
    let sorted = sorted()
    let middle = sorted.count / 2
    return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
  }
}
