internal import Loops
internal import OrderedCollections
internal import Synchronization

/// The runs that clients can name: all unfinished ones, and the last finished ones.
package final class RunRegistry: Sendable {
  private struct State: Sendable {
    var runs: OrderedDictionary<String, any StreamedRun> = [:]
    /// Ids of runs that are over, the oldest first.
    var over: [String] = []
    /// Whose each unfinished run is.
    var clients: [String: ClientKey] = [:]
  }

  private let limit: Int
  private let kept: Int
  private let state = Mutex(State())

  /// - Parameters:
  ///   - limit: unfinished runs at most.
  ///   - kept: finished runs that can still be looked at.
  package init(limit: Int, kept: Int) {
    self.limit = limit
    self.kept = kept
  }

  /// Unfinished runs of one client at most: three fourths, so that others find room.
  private var share: Int { max(limit * 3 / 4, 1) }

  /// Whether another run of the task's client may begin; paused ones count.
  package func checkRoom() throws(RunError) {
    let client = ClientKey.current
    let (active, own) = state.withLock { state in
      (state.runs.count - state.over.count, state.clients.count { $0.value == client })
    }
    guard active < limit else { throw .tooMany(limit: limit) }
    guard client == .own || own < share else { throw .tooManyOfClient(limit: share) }
  }

  /// Lists a run, as one of the task's client.
  package func add(_ run: any StreamedRun) {
    let client = ClientKey.current
    state.withLock { state in
      state.runs[run.id] = run
      state.clients[run.id] = client
    }
  }

  /// Notes that a run is over; the oldest finished ones are forgotten.
  package func noteEnd(_ id: String) {
    let forgotten = state.withLock { state -> [any StreamedRun] in
      guard state.runs[id] != nil, !state.over.contains(id) else { return [] }
      state.over.append(id)
      state.clients[id] = nil
      var forgotten: [any StreamedRun] = []
      while state.over.count > kept {
        if let run = state.runs.removeValue(forKey: state.over.removeFirst()) {
          forgotten.append(run)
        }
      }
      return forgotten
    }
    // Let go outside the lock: a run's end reaches far.
    _ = forgotten
  }

  /// Returns when no run is active any more, after a while, or when the task is cancelled.
  package func settle(within limit: Duration) async {
    let end = ContinuousClock.now + limit
    while !Task.isCancelled, !active.isEmpty, ContinuousClock.now < end {
      try? await Task.sleep(for: .milliseconds(5))
    }
  }

  /// Forgets a run that is over.
  package func forget(_ id: String) {
    let run = state.withLock { state in
      state.over.removeAll { $0 == id }
      state.clients[id] = nil
      return state.runs.removeValue(forKey: id)
    }
    _ = run
  }

  package func run(_ id: String) throws(RunError) -> any StreamedRun {
    guard let run = state.withLock({ $0.runs[id] }) else { throw .notFound(id) }
    return run
  }

  /// All runs, the newest first.
  package var all: [any StreamedRun] { state.withLock { Array($0.runs.values.reversed()) } }

  /// Those that are not over.
  package var active: [any StreamedRun] {
    state.withLock { state in
      let over = Set(state.over)
      return state.runs.values.filter { !over.contains($0.id) }
    }
  }
}
