import Loops
import Traces

/// A streamed answer on its way: where its bytes come from, and the task that makes them, if any.
///
/// - Isolation: belongs to its connection.
final class OutgoingStream {
  let source: any BodySource
  let heartbeat: Heartbeat?
  private let task: Task<Void, Never>?
  private var hasLeft = false

  /// - Parameters:
  ///   - caller: on whose behalf the bytes are made.
  ///   - client: whose share of everything they count against.
  ///   - span: what is done for the bytes stands below it.
  ///   - executor: where.
  init(
    _ body: StreamBody, heartbeat: Heartbeat?, caller: Caller, client: ClientKey,
    span: TracedSpan?, executor: any TaskExecutor
  ) {
    self.heartbeat = heartbeat
    switch body {
    case .source(let source):
      self.source = source
      task = nil
    case .writing(let write):
      let writer = BodyWriter()
      source = writer
      task = Task.detached(executorPreference: executor) {
        do {
          try await caller.working(as: client, tracedBy: span) { try await write(writer) }
          writer.finish()
        } catch {
          writer.cut()
        }
      }
    }
  }

  deinit { leave() }

  /// Tells the source, once, that no more is wanted.
  func leave() {
    guard !hasLeft else { return }
    hasLeft = true
    task?.cancel()
    source.leave()
  }
}
