import Logging
import Metrics
import StreamKit
import TestKit
import Testing

@testable import Traces

/// A tracer that sends to a collector of the test's.
struct TracerKit {
  let tracer: SpanTracer
  let metrics = MetricRegistry()
  let log = LogLines()

  init(_ url: String, _ adjust: (inout SpanExporter.Pace) -> Void = { _ in }) throws {
    var pace = SpanExporter.Pace()
    pace.delay = .milliseconds(1)
    pace.pause = .milliseconds(1)
    // Far away, so that a busy machine decides nothing.
    pace.answer = .seconds(600)
    adjust(&pace)
    tracer = SpanTracer(
      to: SpanExporter(
        to: try #require(CollectorAddress(url)),
        as: TraceResource(name: "test", version: "1.2", instance: "i"), pace: pace,
        metrics: metrics, logger: log.logger))
  }

  /// How many spans came to what end.
  func count(_ result: String) -> Double {
    metrics.families.first { $0.name == "neuroscope_trace_spans_total" }?.samples
      .first { $0.labels == [.init("result", result)] }?.value ?? 0
  }

  /// Lines of the log that say a word.
  func lines(_ word: String) -> Int { log.lines.count { $0.contains(word) } }

  func spans(_ range: Range<Int>) { for number in range { tracer.span("\(number)").finish() } }
}
