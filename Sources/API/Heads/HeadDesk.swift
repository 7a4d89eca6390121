internal import Synchronization

/// What heads of models were found to be, and the jobs that find it: one for a model's weights.
final class HeadDesk: Sendable {
  /// How the finding stands.
  enum State: Sendable {
    case running(done: Int, total: Int)
    case found([UInt8])
    /// Told once; who asks again begins again.
    case failed(Refusal)
  }

  /// Findings that are kept in memory.
  private static let kept = 64
  private let states = Mutex<[String: State]>([:])

  subscript(digest: String) -> State? { states.withLock { $0[digest] } }

  /// Takes the work on a model that nobody does.
  ///
  /// - Returns: how it stands where there is nothing to do, or a failure to be told.
  func claim(_ digest: String, total: Int) -> State? {
    states.withLock { states in
      if let state = states[digest] {
        if case .failed = state { states[digest] = nil }
        return state
      }
      if states.count >= Self.kept, let over = states.first(where: { !$0.value.isRunning }) {
        states[over.key] = nil
      }
      states[digest] = .running(done: 0, total: total)
      return nil
    }
  }

  func note(_ state: State, of digest: String) { states.withLock { $0[digest] = state } }

  /// Gives the work up before it began.
  func drop(_ digest: String) { states.withLock { $0[digest] = nil } }
}

extension HeadDesk.State {
  var isRunning: Bool {
    if case .running = self { true } else { false }
  }
}
