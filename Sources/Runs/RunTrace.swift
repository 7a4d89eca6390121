internal import Engine
package import Traces
internal import Tracing

/// A run's part of a trace: one span, and below it what it waited, its prompt and its tokens.
///
/// Nothing is noted while the run goes on: its parts are known by the engine's summary, so tokens cost nothing more. Neither the
/// prompt nor the answer is in it.
///
/// - Standard: OpenTelemetry's semantic conventions for generative AI, inference spans.
package struct RunTrace: Sendable {
  private let tracer: SpanTracer
  private let span: TracedSpan
  /// Whether it goes on from another run, whose prompt it does not read again.
  private let isFork: Bool

  /// Begins a run's span below that of the task under way; nil where nothing is traced.
  ///
  /// - Parameter parent: the run that this one forks from.
  package init?(_ order: RunOrder, id: String, parent: String? = nil, by tracer: SpanTracer?) {
    guard let tracer else { return nil }
    self.tracer = tracer
    isFork = parent != nil
    let (operation, model) = (order.operation.rawValue, order.model.info.id)
    span = tracer.span("\(operation) \(model)")
    guard span.isRecording else { return }
    span.updateAttributes { attributes in
      attributes["gen_ai.operation.name"] = operation
      attributes["gen_ai.provider.name"] = "neuroscope"
      attributes["gen_ai.request.model"] = model
      attributes["gen_ai.request.max_tokens"] = order.maxTokens
      attributes["gen_ai.request.temperature"] = Double(order.sampling.options.temperature)
      attributes["gen_ai.response.id"] = id
      attributes["neuroscope.run.id"] = id
      attributes["neuroscope.run.parent"] = parent
      attributes["neuroscope.run.hooks"] = order.hooks.count
      attributes["neuroscope.run.interventions"] = order.interventions.count
      attributes["neuroscope.run.detached"] = order.isDetached
    }
  }

  /// Notes that the engine is done.
  func finish(_ reason: FinishReason, _ summary: GenerationSummary) {
    guard span.isRecording else { return span.finish() }
    let now = span.clock.now
    span.updateAttributes { attributes in
      attributes["gen_ai.usage.input_tokens"] = summary.promptTokens
      attributes["gen_ai.usage.output_tokens"] = summary.completionTokens
      attributes["gen_ai.usage.cache_read.input_tokens"] = summary.reusedTokens
      attributes["gen_ai.response.finish_reasons"] = [reason.rawValue]
    }
    let decoding = now.earlier(bySeconds: summary.decodeSeconds)
    let reading = decoding.earlier(bySeconds: summary.promptSeconds)
    let waiting = reading.earlier(bySeconds: summary.queueSeconds)
    // What the engine did began after the run was asked for, however its times were rounded.
    let first = span.started
    add("queue", from: max(waiting, first), to: max(reading, first))
    // A fork's tokens follow from the beginning on.
    if isFork {
      add("decode", from: max(reading, first), to: now, tokens: summary.completionTokens)
    } else if summary.promptSeconds > 0 {
      add(
        "prompt", from: max(reading, first), to: max(decoding, first), tokens: summary.promptTokens)
      if summary.completionTokens > 0 {
        span.addEvent(SpanEvent(name: "first_token", at: max(decoding, first)))
        add("decode", from: max(decoding, first), to: now, tokens: summary.completionTokens)
      }
    }
    span.end(at: now)
  }

  private func add(_ name: String, from: TraceInstant, to: TraceInstant, tokens: Int? = nil) {
    let child = tracer.startSpan(name, context: span.context, at: from)
    if let tokens { child.attributes["neuroscope.tokens"] = tokens }
    child.end(at: to)
  }

  /// Notes that it has failed.
  ///
  /// - Parameter code: the machine-readable name of the error.
  package func fail(_ code: String) {
    span.fail(code)
    span.finish()
  }
}
