internal import Synchronization

/// Whether work should be sent to the server.
enum Readiness: Sendable, Equatable {
  case ready
  /// Its only model is being loaded.
  case loading
  /// It is going down: what runs is ended, and nothing more should come.
  case draining
}

/// What the readiness follows from.
final class ReadinessFacts: Sendable {
  private struct Facts: Sendable {
    var loads = 0
    var isDraining = false
  }

  private let facts = Mutex(Facts())

  func beginLoad() { facts.withLock { $0.loads += 1 } }
  func endLoad() { facts.withLock { $0.loads -= 1 } }
  func drain() { facts.withLock { $0.isDraining = true } }

  func readiness(hasModel: Bool) -> Readiness {
    facts.withLock { facts in
      if facts.isDraining { return .draining }
      return facts.loads > 0 && !hasModel ? .loading : .ready
    }
  }
}
