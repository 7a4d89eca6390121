import Engine
import Hooks
import Synchronization
import TestKit
import Testing
import Tokenizers

/// A sink that keeps everything, and wakes a waiting test.
final class EventLog: GenerationSink {
  struct Entry: Sendable {
    let event: GenerationEvent
    let generation: Generation
  }

  private let entries = Mutex<[Entry]>([])
  /// Called on the engine's loop for each event.
  private let onEvent: @Sendable (GenerationEvent, Generation) -> Void

  init(onEvent: @escaping @Sendable (GenerationEvent, Generation) -> Void = { _, _ in }) {
    self.onEvent = onEvent
  }

  func receive(_ event: GenerationEvent, of generation: Generation) {
    entries.withLock { $0.append(Entry(event: event, generation: generation)) }
    onEvent(event, generation)
  }

  var events: [GenerationEvent] { entries.withLock { $0.map(\.event) } }

  var tokens: [Token] {
    events.compactMap { event in
      if case .token(_, let token, _, _, _) = event { token } else { nil }
    }
  }

  var text: String {
    events.reduce(into: "") { text, event in
      switch event {
      case .token(_, _, let piece, _, _): text += piece
      case .text(let piece): text += piece
      default: break
      }
    }
  }

  /// The floats of every capture, in order, by step and spec.
  var captures: [[Float]] {
    events.flatMap { event -> [[Float]] in
      guard case .captures(let batch) = event else { return [] }
      return batch.items.map { item in batch.withValues(of: item) { Array($0) } }
    }
  }

  var finish: (reason: FinishReason, summary: GenerationSummary)? {
    for case .finished(let reason, let summary) in events { return (reason, summary) }
    return nil
  }

  /// Waits until an event is there.
  func wait(for isWanted: (GenerationEvent) -> Bool) async throws {
    let deadline = ContinuousClock.now + Patience.limit
    while !events.contains(where: isWanted) {
      try #require(
        ContinuousClock.now < deadline, "the event did not come: \(events.count) others did")
      try await Task.sleep(for: .milliseconds(2))
    }
  }

  func waitForEnd() async throws {
    try await wait { event in
      switch event {
      case .finished, .failed: true
      default: false
      }
    }
  }

  func waitForToken(_ step: Int) async throws {
    try await wait { event in
      if case .token(step, _, _, _, _) = event { true } else { false }
    }
  }
}
