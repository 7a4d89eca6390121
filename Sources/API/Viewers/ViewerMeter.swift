package import Metrics
internal import Streams
internal import Synchronization

/// Who watches, and what they have missed.
package final class ViewerMeter: Sendable {
  /// By which door somebody watches.
  package enum Door: String, Sendable, CaseIterable { case events, socket }

  private let present = Mutex<[Door: Int]>([:])
  private let dropped: Counter

  /// Makes the metrics.
  package init(_ registry: MetricRegistry) {
    dropped = registry.counter(
      "neuroscope_viewer_dropped_total",
      "Items that viewers missed, by the door they watch through.",
      labels: ["transport"])
  }

  func come(_ door: Door) { present.withLock { $0[door, default: 0] += 1 } }
  func go(_ door: Door) { present.withLock { $0[door, default: 0] -= 1 } }

  func note(_ gap: Gap, at door: Door) {
    guard !gap.isEmpty else { return }
    dropped.add(Double(gap.missed.reduce(0) { $0 + $1.count }), door.rawValue)
  }

  var family: MetricFamily {
    let now = present.withLock(\.self)
    return MetricFamily(
      .gauge, "neuroscope_viewers", "Viewers of runs now.",
      Door.allCases.map { ([.init("transport", $0.rawValue)], Double(now[$0] ?? 0)) })
  }
}
