package import Engine
package import Metrics

/// What the forward passes of a server's engine add up to.
package struct PassMeter: PassObserver {
  private let passes: [PassFacts.Kind: HistogramSeries]
  private let decodeRows: Counter

  /// Makes the metrics.
  package init(_ registry: MetricRegistry) {
    let seconds = registry.histogram(
      "neuroscope_pass_seconds", "What one forward pass takes, by what it computes.",
      labels: ["kind"])
    passes = Dictionary(
      uniqueKeysWithValues: PassFacts.Kind.allCases.map { ($0, seconds.series($0.rawValue)) })
    decodeRows = registry.counter(
      "neuroscope_decode_rows_total", "Generations that passes computed the next token of.")
  }

  package func note(_ pass: PassFacts) {
    passes[pass.kind]?.note(pass.seconds)
    if pass.decodeRows > 0 { decodeRows.add(Double(pass.decodeRows)) }
  }
}
