internal import Synchronization

/// How often something took how long, in buckets that include all smaller ones.
///
/// Usable from any thread.
package final class Histogram: MetricSource {
  /// Seconds, from a tenth of a millisecond to a minute.
  package static let seconds = [
    0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
  ]

  private let name: String
  private let help: String
  private let labels: [String]
  private let bounds: [Double]
  private let series = Mutex<[[String]: HistogramSeries]>([:])

  init(_ name: String, _ help: String, labels: [String], bounds: [Double] = Histogram.seconds) {
    self.name = name
    self.help = help
    self.labels = labels
    self.bounds = bounds
    if labels.isEmpty { series.withLock { $0[[]] = HistogramSeries(bounds: bounds) } }
  }

  /// The counts of some label values, as many as there are labels; for those who note often.
  package func series(_ labels: String...) -> HistogramSeries { one(labels) }

  /// Notes one value.
  package func note(_ value: Double, _ labels: String...) {
    guard labels.count == self.labels.count else { return }
    one(labels).note(value)
  }

  private func one(_ labels: [String]) -> HistogramSeries {
    series.withLock { series in
      if let known = series[labels] { return known }
      let made = HistogramSeries(bounds: bounds)
      series[labels] = made
      return made
    }
  }

  package var family: MetricFamily {
    let now = series.withLock(\.self).mapValues(\.now).sorted {
      $0.key.lexicographicallyPrecedes($1.key)
    }
    var family = MetricFamily(.histogram, name, help, [])
    for (key, counts) in now {
      let own = zip(labels, key).map { MetricFamily.Label($0, $1) }
      var sum = 0
      for (bound, count) in zip(bounds.map(MetricText.number) + ["+Inf"], counts.buckets) {
        sum += count
        family.samples.append(
          .init(suffix: "_bucket", labels: own + [.init("le", bound)], value: Double(sum)))
      }
      family.samples.append(.init(suffix: "_sum", labels: own, value: counts.sum))
      family.samples.append(.init(suffix: "_count", labels: own, value: Double(sum)))
    }
    return family
  }
}
