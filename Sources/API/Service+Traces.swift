internal import HTTP
internal import JSON
internal import Runs
internal import Traces
internal import Tracing

/// Work of many passes as part of a trace: one span, below that of the task under way.
extension Service {
  /// Does an analysis that is answered at once.
  func traced<Answer: Sendable>(
    _ analysis: String, _ model: String, _ work: () async throws(Refusal) -> Answer
  ) async throws(Refusal) -> Answer {
    guard let span = span(of: analysis, model) else { return try await work() }
    defer { span.finish() }
    do throws(Refusal) { return try await work() } catch {
      span.fail(Task.isCancelled ? "cancelled" : error.reply.code)
      throw error
    }
  }

  /// Does an analysis that is a run of its own.
  func traced(
    _ order: Job.Order, as id: String, _ work: () async -> JobOutcome
  ) async -> JobOutcome {
    guard let span = span(of: order.name, order.model) else { return await work() }
    defer { span.finish() }
    span.attributes["neuroscope.run.id"] = id
    let outcome = await work()
    if case .failed(let error) = outcome {
      span.fail(Task.isCancelled ? "cancelled" : error["code"]?.string ?? "error")
    }
    return outcome
  }

  private func span(of analysis: String, _ model: String) -> TracedSpan? {
    tracer?.span(
      "analysis \(analysis)",
      attributes: [
        "gen_ai.provider.name": "neuroscope", "gen_ai.request.model": .string(model),
        "neuroscope.analysis": .string(analysis),
      ])
  }
}
