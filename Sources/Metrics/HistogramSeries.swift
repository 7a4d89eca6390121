internal import Synchronization

/// A histogram's counts for one choice of its labels.
///
/// Usable from any thread; noting a value allocates nothing.
package final class HistogramSeries: Sendable {
  /// How many values fell where, and what they add up to.
  struct Counts: Sendable {
    /// Of each bucket alone; the last is beyond all bounds.
    var buckets: [Int]
    var sum = 0.0
  }

  private let bounds: [Double]
  private let counts: Mutex<Counts>

  init(bounds: [Double]) {
    self.bounds = bounds
    counts = Mutex(Counts(buckets: Array(repeating: 0, count: bounds.count + 1)))
  }

  /// Notes one value.
  package func note(_ value: Double) {
    guard value.isFinite else { return }
    let place = bounds.firstIndex { value <= $0 } ?? bounds.count
    counts.withLock { counts in
      counts.buckets[place] += 1
      counts.sum += value
    }
  }

  /// The counts now.
  var now: Counts { counts.withLock(\.self) }
}
