package import Loops

/// The places for unfinished runs: how many of each kind there are, who has them, and who stood still since when.
///
/// Runs that a model computes and replays have places of their own, so neither shuts the other out. Paused runs, which
/// nothing but somebody's word ends, take three fourths of the places at most, so there is always room for requests that
/// are soon over.
package struct RunPlaces: Sendable {
  /// How many there may be.
  package struct Limits: Sendable {
    /// Computed runs, and replays.
    package var runs: Int
    package var replays: Int
    /// How long what stands still is kept while nobody watches or commands it; nil for ever.
    package var idle: Duration?

    package init(runs: Int = 256, replays: Int = 64, idle: Duration? = .seconds(3600)) {
      self.runs = runs
      self.replays = replays
      self.idle = idle
    }

    /// Computed runs of one client at most: three fourths, so that others find room.
    var share: Int { max(runs * 3 / 4, 1) }
    /// Paused runs at most.
    var paused: Int { max(runs * 3 / 4, 1) }
    /// How long before its end a run is told of it.
    var notice: Duration? { idle.map { $0 / 10 } }
  }

  /// What takes a place.
  package enum Kind: Sendable {
    /// One that may pause of itself counts among the paused ones from its beginning.
    case computed(isPaused: Bool, mayPause: Bool = false)
    case replay
  }

  private struct Entry {
    let client: ClientKey
    let isReplay: Bool
    var isPaused: Bool
    /// Requests under way that will pause it, and watches that may.
    var claims = 0
    /// When somebody last watched or commanded it.
    var touched: ContinuousClock.Instant
    /// When its viewers were last told that it ends.
    var warned: ContinuousClock.Instant?

    var isStanding: Bool { !isReplay && (isPaused || claims > 0) }
  }

  package let limits: Limits
  private var entries: [Int: Entry] = [:]
  private var lastNumber = 0

  package init(_ limits: Limits) { self.limits = limits }

  // MARK: Taking

  /// Takes a place; its number.
  package mutating func take(
    _ kind: Kind, client: ClientKey, grant: ClientGrant? = nil, at now: ContinuousClock.Instant
  ) throws(RunError) -> Int {
    var entry = Entry(client: client, isReplay: false, isPaused: false, touched: now)
    switch kind {
    case .computed(let isPaused, let mayPause):
      let own = count { !$0.isReplay && $0.client == client }
      do throws(LimitReached) { try grant?.checkRuns(own) } catch { throw .limit(error) }
      let all = count { !$0.isReplay }
      guard all < limits.runs else { throw .tooMany(limit: limits.runs) }
      guard client == .own || own < limits.share else {
        throw .tooManyOfClient(limit: limits.share)
      }
      if isPaused || mayPause { try checkStanding(of: client) }
      entry.isPaused = isPaused
      if mayPause { entry.claims = 1 }
    case .replay:
      let (all, own) = (count(\.isReplay), count { $0.isReplay && $0.client == client })
      guard Self.hasRoom(of: limits.replays, all: all, own: own, client) else {
        throw .tooManyReplays(limit: limits.replays, own: own)
      }
      entry = Entry(client: client, isReplay: true, isPaused: false, touched: now)
    }
    lastNumber += 1
    entries[lastNumber] = entry
    return lastNumber
  }

  private func checkStanding(of client: ClientKey) throws(RunError) {
    let (all, own) = (count(\.isStanding), count { $0.isStanding && $0.client == client })
    guard Self.hasRoom(of: limits.paused, all: all, own: own, client) else {
      throw .tooManyPaused(limit: limits.paused, own: own)
    }
  }

  /// Whether a client may have one more: never more than it leaves to others, but the first one wherever there is room.
  private static func hasRoom(of limit: Int, all: Int, own: Int, _ client: ClientKey) -> Bool {
    let left = limit - all - 1
    return left >= 0 && (own == 0 || own + 1 <= left || client == .own)
  }

  private func count(_ isMeant: (Entry) -> Bool) -> Int { entries.values.count(where: isMeant) }

  package mutating func free(_ number: Int) { entries[number] = nil }

  // MARK: Pausing

  /// Counts a run as paused while it is being asked to.
  mutating func claimPause(_ number: Int) throws(RunError) {
    guard let entry = entries[number] else { return }
    if !entry.isStanding { try checkStanding(of: entry.client) }
    entries[number]?.claims += 1
  }

  mutating func releaseClaim(_ number: Int) { entries[number]?.claims -= 1 }

  /// Notes what the engine says.
  mutating func note(_ number: Int, isPaused: Bool, at now: ContinuousClock.Instant) {
    entries[number]?.isPaused = isPaused
    touch(number, at: now)
  }

  // MARK: Standing still

  /// Notes that somebody watches or commands a run.
  mutating func touch(_ number: Int, at now: ContinuousClock.Instant) {
    entries[number]?.touched = now
    entries[number]?.warned = nil
  }

  /// When a run that nobody watches ends; nil where it does not.
  ///
  /// Never at once after a warning that came late.
  package func end(of number: Int) -> ContinuousClock.Instant? {
    guard let idle = limits.idle, let notice = limits.notice, let entry = entries[number],
      entry.isPaused || entry.isReplay
    else { return nil }
    return max(entry.touched + idle, entry.warned.map { $0 + notice / 4 } ?? entry.touched)
  }

  /// What is due of a run that stands still.
  enum Due { case nothing, warning, end }

  /// What is due of a run; a warning only once.
  mutating func due(_ number: Int, isWatched: Bool, at now: ContinuousClock.Instant) -> Due {
    if isWatched { touch(number, at: now) }
    guard let end = end(of: number), let notice = limits.notice else { return .nothing }
    guard entries[number]?.warned == nil else { return end <= now ? .end : .nothing }
    guard end - notice <= now else { return .nothing }
    entries[number]?.warned = now
    return .warning
  }
}
