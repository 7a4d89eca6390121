/// A graph's circuit, checked by cutting: what checks of nodes and of edges have in common.
package protocol CutCheck: Sendable {
  associatedtype Point: CutPoint
  /// The metric with nothing cut, and with everything.
  var whole: Float { get }
  var empty: Float { get }
  /// The graph's own circuit, all else cut.
  var circuit: Point { get }
  /// The metric with the circuit alone cut, and what share of it is lost by that; nil as faithfulness is.
  var without: Float { get }
  var completeness: Float? { get }
  /// Circuits of the heaviest, from none to all.
  var curve: [Point] { get }
  /// The area under the curve's faithfulness, and that between it and 1; nil as faithfulness is.
  var performance: Float? { get }
  var distance: Float? { get }
  /// The heads of the largest effect on the metric, to first order; the largest first.
  func heaviestHeads(_ count: Int) -> [(layer: Int, head: Int, effect: Float)]
}

/// A circuit whose metric was measured with all else cut.
package protocol CutPoint: Sendable {
  /// `(metric - empty) / (whole - empty)`; nil where the two are equal.
  var faithfulness: Float? { get }
}
