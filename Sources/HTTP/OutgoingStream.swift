/// A streamed answer on its way: where its bytes come from, and the task that makes them, if any.
///
/// - Isolation: belongs to its connection.
final class OutgoingStream {
  let source: any BodySource
  let heartbeat: Heartbeat?
  private let task: Task<Void, Never>?
  private var hasLeft = false

  init(_ body: StreamBody, heartbeat: Heartbeat?) {
    self.heartbeat = heartbeat
    switch body {
    case .source(let source):
      self.source = source
      task = nil
    case .writing(let write):
      let writer = BodyWriter()
      source = writer
      task = Task.detached {
        do {
          try await write(writer)
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
