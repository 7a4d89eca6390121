internal import Synchronization

/// Something that is counted and only grows.
///
/// Usable from any thread.
package final class Counter: MetricSource {
  private let name: String
  private let help: String
  private let labels: [String]
  private let values = Mutex<[[String]: Double]>([:])

  init(_ name: String, _ help: String, labels: [String]) {
    self.name = name
    self.help = help
    self.labels = labels
    if labels.isEmpty { values.withLock { $0[[]] = 0 } }
  }

  /// Adds to the count of some label values, as many as there are labels.
  package func add(_ amount: Double = 1, _ labels: String...) {
    guard labels.count == self.labels.count, amount >= 0 else { return }
    values.withLock { $0[labels, default: 0] += amount }
  }

  package var family: MetricFamily {
    let now = values.withLock(\.self).sorted { $0.key.lexicographicallyPrecedes($1.key) }
    return MetricFamily(
      .counter, name, help,
      now.map { key, value in (zip(labels, key).map { MetricFamily.Label($0, $1) }, value) })
  }
}
