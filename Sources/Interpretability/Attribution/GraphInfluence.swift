/// How much of what reaches the logits came by each source, found row by row from the logits down.
///
/// A row's weights are taken by magnitude and shared out in proportion: of a target's influence each source of its row has
/// its share, and hands it on (Ameisen and others 2025: `p (A + A² + …)` of the matrix of normalised rows).
struct GraphInfluence {
  /// `[source]`.
  private(set) var bySource: [Double]
  /// Sums over targets of their influence (with the probability they begin with), whole and without what sources that
  /// count as errors have of it.
  private(set) var reached = 0.0
  private(set) var explained = 0.0
  private let isError: [Bool]

  /// - Parameter isError: of each source, whether it is left unexplained.
  init(isError: [Bool]) {
    self.isError = isError
    bySource = [Double](repeating: 0, count: isError.count)
  }

  /// Takes in the row of a target; all rows in which the target is a source came before.
  ///
  /// - Parameter influence: the target's own.
  mutating func add(row: some Sequence<(source: Int, weight: Float)>, influence: Double) {
    guard influence > 0 else { return }
    let whole = row.reduce(0.0) { $0 + Double($1.weight.magnitude) }
    reached += influence
    guard whole > 0 else {
      explained += influence
      return
    }
    var errors = 0.0
    for (source, weight) in row where weight != 0 {
      let share = Double(weight.magnitude) / whole
      bySource[source] += influence * share
      if isError[source] { errors += share }
    }
    explained += influence * (1 - errors)
  }

  /// The least score among the largest that together have a share of all: those at least as large are kept.
  static func bound(_ scores: some Sequence<Double>, share: Double) -> Double {
    let sorted = scores.sorted(by: >)
    let wanted = sorted.reduce(0, +) * share
    var sum = 0.0
    for score in sorted {
      sum += score
      if sum >= wanted { return score }
    }
    return sorted.last ?? 0
  }

  /// For each source the share of all influence that it and all heavier ones have together.
  var cumulative: [Float] {
    let order = bySource.indices.sorted { bySource[$0] > bySource[$1] }
    let whole = max(bySource.reduce(0, +), .leastNormalMagnitude)
    var result = [Float](repeating: 1, count: bySource.count)
    var sum = 0.0
    for source in order {
      sum += bySource[source]
      result[source] = Float(min(1, sum / whole))
    }
    return result
  }
}
