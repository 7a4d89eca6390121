import Synchronization

/// What waits in the outboxes of all connections together, and who has to go when it is too much.
///
/// A connection is entered while bytes wait that its peer does not take; one whose peer keeps up never is, and costs
/// nothing here. Above half of the limit streams are given less ahead, so that slow viewers lose frames (and are told)
/// instead of having them wait. Above the limit, connections are given up, first the one whose peer has taken nothing
/// for longest, until the rest fits; a peer that took something just now is spared. Runs never wait for any of this.
///
/// Bytes that several connections share are counted for each.
final class OutboxLedger: Sendable {
  private struct Waiting: Sendable {
    var byteCount: Int
    var tookLast: ContinuousClock.Instant
    var giveUp: @Sendable () -> Void
  }

  private struct State: Sendable {
    var entries: [Int: Waiting] = [:]
    /// Somebody is going to call `review`.
    var isReviewDue = false
  }

  /// How long a peer must have taken nothing before it is given up for others.
  static let patience: Duration = .seconds(1)

  private let limit: Int
  private let state = Mutex(State())
  private let total = Atomic(0)

  /// Makes an empty ledger.
  init(limit: Int) {
    self.limit = limit
  }

  /// Bytes that wait now.
  var byteCount: Int { total.load(ordering: .relaxed) }
  /// Whether less should be made to wait.
  var isTight: Bool { byteCount > limit / 2 }

  /// Notes what waits for a connection, and gives up those that must go.
  ///
  /// - Parameters:
  ///   - tookLast: when the peer last took a byte.
  ///   - giveUp: ends the connection; called at most once for an entry, from any thread, with no lock held.
  /// - Returns: whether too much still waits, and the caller must see to it that `review` is called when `patience` is over.
  func enter(
    _ connection: Int, byteCount: Int, tookLast: ContinuousClock.Instant,
    now: ContinuousClock.Instant, giveUp: @escaping @Sendable () -> Void
  ) -> Bool {
    let (leaving, isReviewWanted) = state.withLock { state in
      let entry = Waiting(byteCount: byteCount, tookLast: tookLast, giveUp: giveUp)
      let before = state.entries.updateValue(entry, forKey: connection)?.byteCount ?? 0
      total.add(byteCount - before, ordering: .relaxed)
      let leaving = takeSlowest(&state.entries, now)
      let isWanted = self.byteCount > limit && !state.isReviewDue
      if isWanted { state.isReviewDue = true }
      return (leaving, isWanted)
    }
    for entry in leaving { entry.giveUp() }
    return isReviewWanted
  }

  /// Gives up those whose time is over; whether `review` must be called again.
  func review(at now: ContinuousClock.Instant) -> Bool {
    let (leaving, isDue) = state.withLock { state in
      let leaving = takeSlowest(&state.entries, now)
      state.isReviewDue = byteCount > limit
      return (leaving, state.isReviewDue)
    }
    for entry in leaving { entry.giveUp() }
    return isDue
  }

  /// Nothing waits for a connection any more, or it has ended.
  func remove(_ connection: Int) {
    state.withLock { state in
      guard let entry = state.entries.removeValue(forKey: connection) else { return }
      total.subtract(entry.byteCount, ordering: .relaxed)
    }
  }

  private func takeSlowest(
    _ entries: inout [Int: Waiting], _ now: ContinuousClock.Instant
  ) -> [Waiting] {
    guard byteCount > limit else { return [] }
    let slow = entries.filter { now - $0.value.tookLast >= Self.patience }
      .sorted { $0.value.tookLast < $1.value.tookLast }
    var leaving: [Waiting] = []
    for (connection, entry) in slow where byteCount > limit {
      entries[connection] = nil
      total.subtract(entry.byteCount, ordering: .relaxed)
      leaving.append(entry)
    }
    return leaving
  }
}
