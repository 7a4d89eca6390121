internal import Engine
internal import Hooks
internal import Synchronization

/// How many bytes of captures wait between the engine and the publishing loop.
///
/// When the publishing loop lags, the generation is held until half of what waited is gone, so that memory stays
/// bounded and the engine does not stutter.
package final class Backlog: Sendable {
  private struct State: Sendable {
    var bytes = 0
    var isHolding = false
  }

  private let limit: Int
  private let state = Mutex(State())

  init(limit: Int) {
    self.limit = limit
  }

  /// Adds bytes; true when the generation must be held from now on.
  func add(_ count: Int) -> Bool {
    state.withLock { state in
      state.bytes += count
      guard !state.isHolding, state.bytes > limit else { return false }
      state.isHolding = true
      return true
    }
  }

  /// Takes bytes off; true when the generation must be let go.
  func remove(_ count: Int) -> Bool {
    state.withLock { state in
      state.bytes -= count
      guard state.isHolding, state.bytes <= limit / 2 else { return false }
      state.isHolding = false
      return true
    }
  }
}

extension GenerationEvent {
  /// Bytes it keeps in memory, as far as they matter.
  var weight: Int {
    guard case .captures(let batch) = self else { return 0 }
    return batch.items.reduce(0) { $0 + $1.count * 4 }
  }
}
