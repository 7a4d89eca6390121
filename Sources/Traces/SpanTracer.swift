package import Tracing

/// Begins spans, and reads and writes where a trace stands in the fields of W3C Trace Context.
///
/// A span whose parent another process has sampled is sent, one below an unsampled parent is not; a trace that begins here is.
package final class SpanTracer: Tracer {
  package typealias Span = TracedSpan

  private let exporter: SpanExporter

  /// - Parameter exporter: who is given the spans that have ended.
  package init(to exporter: SpanExporter) { self.exporter = exporter }

  package func startSpan<Instant: TracerInstant>(
    _ operationName: String, context: @autoclosure () -> ServiceContext, ofKind kind: SpanKind,
    at instant: @autoclosure () -> Instant, function: String, file fileID: String, line: UInt
  ) -> TracedSpan {
    TracedSpan(
      operationName, kind, below: context(), startedAt: instant().nanosecondsSinceEpoch,
      to: exporter)
  }

  /// Begins a span now, by the clock of its trace.
  ///
  /// - Parameters:
  ///   - context: what it stands below; by default what the task under way works for.
  ///   - attributes: what is known of it from the beginning.
  package func span(
    _ name: String, _ kind: SpanKind = .internal, below context: ServiceContext? = .current,
    attributes: SpanAttributes = [:]
  ) -> TracedSpan {
    var context = context ?? .topLevel
    let clock = context.traceClock ?? TraceClock()
    context.traceClock = clock
    let span = startSpan(
      name, context: context, ofKind: kind, at: clock.now, function: #function, file: #fileID,
      line: #line)
    if span.isRecording, !attributes.isEmpty { span.attributes = attributes }
    return span
  }

  /// Sends what waits, and returns when that is done or time is up; what ends later is not sent.
  package func close(within limit: Duration) async { await exporter.close(within: limit) }

  package func forceFlush() { exporter.hurry() }

  // MARK: On the way

  package func extract<Carrier, Extract: Extractor>(
    _ carrier: Carrier, into context: inout ServiceContext, using extractor: Extract
  ) where Extract.Carrier == Carrier {
    guard let parent = extractor.extract(key: "traceparent", from: carrier) else { return }
    context.trace = TraceContext(
      traceparent: parent, state: extractor.extract(key: "tracestate", from: carrier) ?? "")
  }

  package func inject<Carrier, Inject: Injector>(
    _ context: ServiceContext, into carrier: inout Carrier, using injector: Inject
  ) where Inject.Carrier == Carrier {
    guard let trace = context.trace else { return }
    injector.inject(trace.traceparent, forKey: "traceparent", into: &carrier)
    guard !trace.state.text.isEmpty else { return }
    injector.inject(trace.state.text, forKey: "tracestate", into: &carrier)
  }
}
