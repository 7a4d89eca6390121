internal import Engine

/// The text alone, as it comes; figures go to the standard error.
struct RunTextView: RunView {
  let console: Console

  mutating func show(_ event: GenerationEvent) throws {
    switch event {
    case .token(_, _, let text, _, _), .text(let text): console.write(text)
    case .finished(let reason, let summary):
      console.line()
      console.note(summary.line(reason))
    case .failed(let error): throw CommandFailure(error)
    default: break
    }
  }
}
