internal import Checkpoints
internal import Synchronization

/// A loaded model's identity (``Checkpoints/ModelIdentity``): computed in the background, since it takes reading all bytes.
package final class ModelDigest: Sendable {
  private typealias Outcome = Result<String, CheckpointError>

  private enum State {
    case pending([CheckedContinuation<Outcome, Never>])
    case over(Outcome)
  }

  private let state = Mutex(State.pending([]))

  /// The identity, 64 hexadecimal digits, or nil while it is being computed or where the files could not be read again.
  package var known: String? {
    state.withLock {
      if case .over(.success(let hash)) = $0 { hash } else { nil }
    }
  }

  /// Waits for the identity.
  ///
  /// - Throws: ``EngineError`` where a file was changed or replaced after the model was loaded: the bytes in use have
  ///   no name then.
  package func value() async throws(EngineError) -> String {
    let result: Outcome = await withCheckedContinuation { waiting in
      let result = state.withLock { state -> Outcome? in
        switch state {
        case .over(let result): return result
        case .pending(let others):
          state = .pending(others + [waiting])
          return nil
        }
      }
      if let result { waiting.resume(returning: result) }
    }
    do { return try result.get() } catch { throw .checkpoint(error) }
  }

  func end(_ result: Result<String, CheckpointError>) {
    let waiting = state.withLock { state -> [CheckedContinuation<Outcome, Never>] in
      guard case .pending(let waiting) = state else { return [] }
      state = .over(result)
      return waiting
    }
    for continuation in waiting { continuation.resume(returning: result) }
  }
}
