package import Loops
internal import OrderedCollections
internal import Streams
internal import Synchronization

/// The runs that clients can name: all unfinished ones, and the last finished ones.
package final class RunRegistry: Sendable {
  private struct State: Sendable {
    var runs: OrderedDictionary<String, any StreamedRun> = [:]
    /// Ids of runs that are over, the oldest first.
    var over: [String] = []
    /// Who has begun each run, also those that are over.
    var owners: [String: ClientKey] = [:]
    /// Those that others may watch.
    var shared: Set<String> = []

    mutating func remove(_ id: String) -> (any StreamedRun)? {
      owners[id] = nil
      shared.remove(id)
      return runs.removeValue(forKey: id)
    }
  }

  private let kept: Int
  private let book: RunPlace.Book
  private let state = Mutex(State())

  /// - Parameters:
  ///   - kept: finished runs that can still be looked at.
  ///   - base: the path below which clients find the server; empty at a site's root.
  ///   - clock: seconds since 1970.
  package init(
    limits: RunPlaces.Limits, kept: Int, base: String = "",
    clock: @escaping @Sendable () -> Int = { 0 }
  ) {
    book = RunPlace.Book(RunPlaces(limits), base: base, clock: clock)
    self.kept = kept
  }

  /// Takes a place for a run of the task's client, which is free again when the run is over or let go of.
  package func takePlace(_ kind: RunPlaces.Kind) throws(RunError) -> RunPlace {
    let (client, grant) = (ClientKey.current, ClientGrant.current)
    let result = book.places.withLock { places in
      Result { () throws(RunError) in try places.take(kind, client: client, grant: grant, at: .now)
      }
    }
    return RunPlace(try result.get(), of: book)
  }

  /// Lists a run, as one of the task's client.
  package func add(_ run: any StreamedRun) {
    let client = ClientKey.current
    state.withLock { state in
      state.runs[run.id] = run
      state.owners[run.id] = client
    }
  }

  /// What to tell its viewers soon to end for want of them, and what to end now.
  package func idle(
    at now: ContinuousClock.Instant
  ) -> (warned: [any StreamedRun], ended: [any StreamedRun]) {
    var (warned, ended): ([any StreamedRun], [any StreamedRun]) = ([], [])
    for run in active {
      switch run.place.due(isWatched: run.topic.viewerCount > 0, at: now) {
      case .nothing: break
      case .warning: warned.append(run)
      case .end: ended.append(run)
      }
    }
    return (warned, ended)
  }

  /// Notes that a run is over; the oldest finished ones are forgotten.
  package func noteEnd(_ id: String) {
    let forgotten = state.withLock { state -> [any StreamedRun] in
      guard state.runs[id] != nil, !state.over.contains(id) else { return [] }
      state.over.append(id)
      state.runs[id]?.place.free()
      var forgotten: [any StreamedRun] = []
      while state.over.count > kept {
        let oldest = state.over.removeFirst()
        if let run = state.remove(oldest) { forgotten.append(run) }
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
      return state.remove(id)
    }
    _ = run
  }

  /// Who has begun a run; nil where there is no such run.
  package func owner(of id: String) -> ClientKey? { state.withLock { $0.owners[id] } }

  /// Lets others watch a run, or its owner alone; nothing where there is no such run.
  package func share(_ id: String, _ isShared: Bool) {
    state.withLock { state in
      guard state.runs[id] != nil else { return }
      if isShared { state.shared.insert(id) } else { state.shared.remove(id) }
    }
  }

  /// Whether others may watch a run.
  package func isShared(_ id: String) -> Bool { state.withLock { $0.shared.contains(id) } }

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
