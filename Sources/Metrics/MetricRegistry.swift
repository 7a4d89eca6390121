internal import Synchronization

/// Something whose values can be read.
package protocol MetricSource: Sendable {
  /// The values now.
  var family: MetricFamily { get }
}

/// The metrics of a process, in the order in which they were made.
package final class MetricRegistry: Sendable {
  private let sources = Mutex<[any MetricSource]>([])

  package init() {}

  /// Makes a counter; `name` ends in `_total`.
  package func counter(_ name: String, _ help: String, labels: [String] = []) -> Counter {
    let counter = Counter(name, help, labels: labels)
    sources.withLock { $0.append(counter) }
    return counter
  }

  /// Makes a histogram of seconds; `name` ends in `_seconds`.
  package func histogram(_ name: String, _ help: String, labels: [String] = []) -> Histogram {
    let histogram = Histogram(name, help, labels: labels)
    sources.withLock { $0.append(histogram) }
    return histogram
  }

  /// The values of all now.
  package var families: [MetricFamily] { sources.withLock(\.self).map(\.family) }
}
