/// Metrics of circuits that grow from nothing to all, and the areas beneath (Mueller and others, the MIB benchmark, 2025).
struct FaithfulnessCurve: Sendable {
  /// Shares of all that the circuits have.
  static let shares = [0, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1]

  /// What the circuit of a share has, of so many in all.
  static func count(_ share: Double, of all: Int) -> Int {
    share == 0 ? 0 : max(1, Int((share * Double(all)).rounded()))
  }

  let empty: Float
  let whole: Float
  private let isTold: Bool
  private let points: [(count: Int, metric: Float)]
  private let all: Int

  /// - Parameter points: from the empty circuit to the whole one.
  init(_ points: [(count: Int, metric: Float)], of all: Int) {
    self.points = points
    self.all = all
    (empty, whole) = (points.first?.metric ?? 0, points.last?.metric ?? 0)
    // A difference that rounding alone may have made says nothing.
    isTold = abs(whole - empty) > 1e-5 * max(abs(whole), abs(empty), 1e-3)
  }

  /// `(metric - empty) / (whole - empty)`; nil where the two are equal.
  func faithfulness(_ metric: Float) -> Float? { loss(from: metric, to: empty) }

  /// What a metric loses on the way to another, as a share of what the whole has over the empty circuit.
  func loss(from metric: Float, to other: Float) -> Float? {
    isTold ? (metric - other) / (whole - empty) : nil
  }

  /// The area under faithfulness, and that between it and 1, over the share.
  var performance: Float? { area { $0 } }
  var distance: Float? { area { abs(1 - $0) } }

  private func area(_ height: (Float) -> Float) -> Float? {
    var sum: Float = 0
    for (one, next) in zip(points, points.dropFirst()) {
      guard let first = faithfulness(one.metric), let second = faithfulness(next.metric) else {
        return nil
      }
      let width = Float(next.count - one.count) / Float(max(all, 1))
      sum += width * (height(first) + height(second)) / 2
    }
    return sum
  }
}
