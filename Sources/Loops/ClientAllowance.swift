internal import Synchronization

/// What a client that has limits has taken of them; one of each client, wherever its requests come from.
///
/// Usable from any thread.
package final class ClientAllowance: Sendable {
  /// Tokens that may be spent: full is a minute's worth, and it fills again within a minute.
  ///
  /// What was begun goes on, so it can fall below zero; nothing is begun until that is made up for.
  private struct Tokens {
    var left: Double
    var at: ContinuousClock.Instant

    mutating func fill(upTo limit: Int, at now: ContinuousClock.Instant) {
      let seconds = max((now - at) / .seconds(1), 0)
      left = min(left + seconds * Double(limit) / 60, Double(limit))
      at = max(at, now)
    }
  }

  private struct State: Sendable {
    var limits = ClientLimits()
    var connections = 0
    var tokens: Tokens?
  }

  /// Whose it is.
  package let client: String
  private let state = Mutex(State())

  package init(of client: String) { self.client = client }

  package var limits: ClientLimits {
    get { state.withLock(\.limits) }
    set { state.withLock { $0.limits = newValue } }
  }

  // MARK: Connections

  /// Counts another connection until the seat is let go of.
  package func takeSeat() throws(LimitReached) -> ClientSeat {
    let limit = state.withLock { state -> Int? in
      if let limit = state.limits[.connections], state.connections >= limit { return limit }
      state.connections += 1
      return nil
    }
    if let limit { throw LimitReached(client: client, name: .connections, allowed: limit) }
    return ClientSeat(self)
  }

  fileprivate func leaveSeat() { state.withLock { $0.connections -= 1 } }

  // MARK: Tokens

  /// Counts tokens.
  package func spend(_ count: Int, at now: ContinuousClock.Instant) {
    state.withLock { state in
      guard let limit = state.limits[.tokensPerMinute] else { return state.tokens = nil }
      var tokens = state.tokens ?? Tokens(left: Double(limit), at: now)
      tokens.fill(upTo: limit, at: now)
      tokens.left -= Double(count)
      state.tokens = tokens
    }
  }

  /// Refuses where the tokens of the last minute were too many.
  package func checkTokens(at now: ContinuousClock.Instant) throws(LimitReached) {
    let found = state.withLock { state -> (limit: Int, wait: Int)? in
      guard let limit = state.limits[.tokensPerMinute], var tokens = state.tokens else {
        return nil
      }
      tokens.fill(upTo: limit, at: now)
      guard tokens.left < 1 else { return nil }
      let seconds = (1 - tokens.left) * 60 / Double(limit)
      return (limit, max(Int(min(seconds.rounded(.up), 1e9)), 1))
    }
    guard let found else { return }
    throw LimitReached(
      client: client, name: .tokensPerMinute, allowed: found.limit, retryAfter: found.wait)
  }
}

extension ClientAllowance: Hashable {
  package static func == (one: ClientAllowance, other: ClientAllowance) -> Bool { one === other }
  package func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}

/// One connection of a client, counted as long as this is held.
package final class ClientSeat: Sendable {
  package let allowance: ClientAllowance

  fileprivate init(_ allowance: ClientAllowance) { self.allowance = allowance }

  deinit { allowance.leaveSeat() }
}

/// What one request of a client may take: it is held to the limits where it begins, and what it has begun goes on.
package final class ClientGrant: Sendable {
  package let allowance: ClientAllowance
  private let isAdmitted = Atomic(false)

  package init(_ allowance: ClientAllowance) { self.allowance = allowance }

  /// The request that the task under way belongs to; nil where its client has no limits.
  @TaskLocal package static var current: ClientGrant?

  /// Holds the request's first generation to the limits.
  ///
  /// - Parameter waiting: how many of the client's wait.
  package func admit(
    at now: ContinuousClock.Instant, waiting: () -> Int
  ) throws(LimitReached) {
    guard !isAdmitted.load(ordering: .relaxed) else { return }
    if let limit = allowance.limits[.queued], waiting() >= limit {
      throw LimitReached(client: allowance.client, name: .queued, allowed: limit)
    }
    try allowance.checkTokens(at: now)
    isAdmitted.store(true, ordering: .relaxed)
  }

  /// Refuses another run of a client that has as many as it may.
  package func checkRuns(_ count: Int) throws(LimitReached) {
    guard let limit = allowance.limits[.runs], count >= limit else { return }
    throw LimitReached(client: allowance.client, name: .runs, allowed: limit)
  }
}
