import Synchronization

/// The stream of one run: many viewers, each at its own pace, one copy of every item.
///
/// Viewers are cursors into a ring. Publishing appends to the ring and wakes those viewers that had
/// caught up; a viewer that does not read costs the run nothing but its place in a dictionary. What
/// a viewer has missed is found out when it next reads, exactly, and told to it as a `gap`.
package final class Topic: Sendable {
  /// Why a viewer gets nothing more.
  package enum Ending: Sendable, Equatable {
    /// The run is over and everything has been given.
    case finished
    /// It was too slow for its policy; it may resume.
    case tooSlow
  }

  /// What a viewer gets.
  package enum Delivery: Sendable {
    /// What was missed (first), and the next items.
    case batch(gap: Gap, TopicBatch)
    /// Nothing now; the viewer's `wake` follows.
    case later
    /// Nothing more.
    case end(Ending)
  }

  private struct Viewer: Sendable {
    var cursor: TopicRing.Cursor
    var policy: ViewerPolicy
    var lag: Int
    var keepsRunAlive: Bool
    /// Still reading what was there when it joined: old frames are then wanted, not stale.
    var isCatchingUp: Bool
    /// Reading what the ring has let go from the archive, until that has no more.
    var readsArchive: Bool
    /// Waiting to be woken by the next item.
    var isWaiting = false
    var isTooSlow = false
    var wake: @Sendable () -> Void = {}
  }

  private struct State: Sendable {
    var ring = TopicRing()
    var recent = RecentBatches()
    var viewers: [Int: Viewer] = [:]
    /// Viewers whose place is looked at on each announcement.
    var watched: Set<Int> = []
    var waiting: [Int] = []
    var nextViewer = 0
    var isFinished = false
    var isHeld = false
    var pace: WakePace
  }

  /// The run's id, for those who list topics.
  package let run: String
  /// This life of the server, part of every event's id.
  package let epoch: String
  private let limits: TopicLimits
  private let budget: ByteBudget?
  private let archive: (any TopicArchive)?
  private let signals: TopicSignals
  private let state: Mutex<State>

  init(
    run: String, epoch: String, limits: TopicLimits, budget: ByteBudget?,
    archive: (any TopicArchive)?, signals: TopicSignals
  ) {
    self.run = run
    self.epoch = epoch
    self.limits = limits
    self.budget = budget
    self.archive = archive
    self.signals = signals
    state = Mutex(State(pace: WakePace(rest: limits.rest, longest: limits.longestRest)))
  }

  // MARK: For anybody

  /// How many viewers there are.
  package var viewerCount: Int { state.withLock { $0.viewers.count } }
  /// Items that the viewer furthest behind has not been given.
  package var greatestLag: Int {
    state.withLock { state in state.viewers.values.map { state.ring.behind($0.cursor) }.max() ?? 0 }
  }
  /// The number the next item will have.
  package var nextSequence: UInt64 { state.withLock { $0.ring.nextSequence } }
  /// Whether the run is over.
  package var isFinished: Bool { state.withLock(\.isFinished) }
  /// Bytes held in the ring.
  package var retainedByteCount: Int { state.withLock { $0.ring.retained } }
  /// Whether a lossless viewer is behind, so that nothing should be produced.
  package var isHeld: Bool { state.withLock(\.isHeld) }

  /// The next items of a range, about `byteCount` bytes of them, from the archive where the ring has let them go.
  ///
  /// What neither holds is left out. Empty at the end of the range, or of what has been published.
  package func items(_ range: ClosedRange<UInt64>, atMost byteCount: Int) -> [TopicItem] {
    let past = state.withLock { $0.ring.past(of: $0.ring.cursor(from: range.lowerBound)) }
    if let archive, let past {
      let items = archive.items(
        past.lowerBound...min(past.upperBound, range.upperBound), atMost: byteCount)
      guard items.isEmpty else { return items }
    }
    return state.withLock { state in
      var cursor = state.ring.cursor(from: range.lowerBound)
      return state.ring.take(&cursor, atMost: byteCount).items.filter {
        $0.sequence <= range.upperBound
      }
    }
  }

  /// Adds a viewer.
  package func subscribe(_ subscription: Subscription = Subscription()) -> Subscriber {
    let id = state.withLock { state in
      let id = state.nextViewer
      state.nextViewer += 1
      let first = subscription.from ?? .max
      state.viewers[id] = Viewer(
        cursor: state.ring.cursor(from: first), policy: subscription.policy,
        lag: subscription.lag ?? limits.lag, keepsRunAlive: subscription.keepsRunAlive,
        isCatchingUp: first < state.ring.nextSequence,
        readsArchive: archive != nil && subscription.from != nil)
      if subscription.policy != .conflate { state.watched.insert(id) }
      return id
    }
    return Subscriber(topic: self, id: id)
  }

  // MARK: For the publisher

  func append(_ item: TopicItem) {
    state.withLock { state in
      state.ring.append(item)
      evict(&state)
    }
  }

  /// Shows viewers what was added, and wakes those that wait, now or soon; whether a lossless viewer holds the run.
  func announce() -> Bool {
    let now = ContinuousClock.now
    let (turn, wakes, held, isHeld) = state.withLock { state in
      state.ring.show()
      sendSlowViewersAway(&state)
      let held = updateHeld(&state)
      let turn = nextTurn(&state, at: now)
      let wakes = turn == .now ? takeWaiting(&state) : []
      return (turn, wakes, held, state.isHeld)
    }
    if let held { signals.held(held) }
    for wake in wakes { wake() }
    if case .later(let delay) = turn {
      signals.later?(delay) { [weak self] in self?.wakeAll { $0.pace.begin(at: .now) } }
    }
    return isHeld
  }

  func finish() {
    wakeAll { state in
      state.ring.show()
      state.isFinished = true
    }
  }

  private func wakeAll(after change: (inout State) -> Void) {
    let wakes = state.withLock { state in
      change(&state)
      return takeWaiting(&state)
    }
    for wake in wakes { wake() }
  }

  // MARK: For a subscriber

  func begin(_ id: Int, wake: @escaping @Sendable () -> Void) {
    state.withLock { $0.viewers[id]?.wake = wake }
  }

  func take(_ id: Int, atMost byteCount: Int) -> Delivery {
    if let items = takeArchived(id, atMost: byteCount) {
      return .batch(gap: Gap(), TopicBatch(items, budget: budget))
    }
    let (delivery, held) = state.withLock { state -> (Delivery, Bool?) in
      guard var viewer = state.viewers[id] else { return (.end(.finished), nil) }
      let delivery = take(&viewer, id, atMost: byteCount, &state)
      state.viewers[id] = viewer
      return (delivery, viewer.policy == .lossless ? updateHeld(&state) : nil)
    }
    if let held { signals.held(held) }
    return delivery
  }

  /// What a viewer that is catching up gets from the archive; nil where the ring has what it wants next.
  ///
  /// The file is read between two holdings of the lock: nobody else moves this viewer's cursor.
  private func takeArchived(_ id: Int, atMost byteCount: Int) -> [TopicItem]? {
    let past = state.withLock { state -> ClosedRange<UInt64>? in
      guard let viewer = state.viewers[id], viewer.readsArchive, !viewer.isTooSlow else {
        return nil
      }
      return state.ring.past(of: viewer.cursor)
    }
    guard let archive, let past else { return nil }
    let items = archive.items(past, atMost: byteCount)
    state.withLock { state in
      if let last = items.last {
        state.viewers[id]?.cursor = state.ring.cursor(from: last.sequence + 1)
      } else {
        state.viewers[id]?.readsArchive = false
      }
    }
    return items.isEmpty ? nil : items
  }

  func leave(_ id: Int) {
    let (isLast, held) = state.withLock { state -> (Bool, Bool?) in
      guard let viewer = state.viewers.removeValue(forKey: id) else { return (false, nil) }
      state.watched.remove(id)
      if state.viewers.isEmpty { state.recent.forget() }
      let isLast = viewer.keepsRunAlive && !state.viewers.values.contains(where: \.keepsRunAlive)
      return (isLast && !state.isFinished, updateHeld(&state))
    }
    // First the end, so that a run let go only because nobody is left computes nothing more.
    if isLast { signals.lastViewerLeft() }
    if let held { signals.held(held) }
  }

  package func describe(_ gap: Gap) -> [UInt8] { signals.describeGap(gap) }

  // MARK: Under the lock

  private func take(
    _ viewer: inout Viewer, _ id: Int, atMost byteCount: Int, _ state: inout State
  ) -> Delivery {
    let losesEvents = !viewer.isCatchingUp && state.ring.hasLostEvents(viewer.cursor)
    guard !viewer.isTooSlow, !losesEvents else { return .end(.tooSlow) }
    let isBehind = state.ring.published - state.ring.offset(of: viewer.cursor) > viewer.lag
    if !isBehind {
      viewer.isCatchingUp = false
      viewer.readsArchive = false
    }
    let misses = isBehind || state.ring.past(of: viewer.cursor) != nil
    let request = RecentBatches.Request(place: viewer.cursor, byteCount: byteCount)
    if !misses, let (batch, next) = state.recent.batch(for: request) {
      viewer.cursor = next
      return .batch(gap: Gap(), batch)
    }
    let isConflating = viewer.policy == .conflate && !viewer.isCatchingUp
    let (gap, items) = state.ring.take(
      &viewer.cursor, atMost: byteCount, lag: isConflating ? viewer.lag : nil)
    if !gap.isEmpty || !items.isEmpty {
      let batch = TopicBatch(items, budget: budget)
      if !misses { state.recent.note(batch, for: request, next: viewer.cursor) }
      return .batch(gap: gap, batch)
    }
    if state.isFinished { return .end(.finished) }
    if !viewer.isWaiting {
      viewer.isWaiting = true
      state.waiting.append(id)
    }
    return .later
  }

  /// A run that is held goes on only when its viewers read, so they are not kept waiting then.
  private func nextTurn(_ state: inout State, at now: ContinuousClock.Instant) -> WakePace.Turn {
    guard signals.later != nil, !state.isHeld else { return .now }
    return state.pace.turn(of: state.waiting.count, at: now)
  }

  private func takeWaiting(_ state: inout State) -> [@Sendable () -> Void] {
    defer { state.waiting.removeAll(keepingCapacity: true) }
    var wakes: [@Sendable () -> Void] = []
    for id in state.waiting {
      guard let wake = state.viewers[id]?.wake else { continue }
      state.viewers[id]?.isWaiting = false
      wakes.append(wake)
    }
    return wakes
  }

  private func evict(_ state: inout State) {
    // Over the server's budget the ring gives up most of its past, the cheapest thing to lose.
    let limit = budget?.isExceeded == true ? limits.ring / 8 : limits.ring
    guard state.ring.retained > limit else { return }
    let floor = losslessViewers(state).map { state.ring.offset(of: $0.cursor) }.min() ?? .max
    state.ring.evict(to: limit, below: floor)
    // A producer that does not wait when told to: the lossless viewer is let down, not the server.
    guard state.ring.retained > 2 * limits.ring else { return }
    for id in state.watched where state.viewers[id]?.policy == .lossless {
      state.viewers[id]?.isTooSlow = true
    }
    state.ring.evict(to: limit)
  }

  /// The viewers that nothing may be let go for.
  ///
  /// Found among the watched, not among all: a thousand
  /// dashboards cost nothing here.
  private func losslessViewers(_ state: State) -> [Viewer] {
    state.watched.compactMap { state.viewers[$0] }
      .filter { $0.policy == .lossless && !$0.isTooSlow }
  }

  private func sendSlowViewersAway(_ state: inout State) {
    for id in state.watched {
      guard let viewer = state.viewers[id], viewer.policy == .disconnect else { continue }
      let behind = state.ring.published - state.ring.offset(of: viewer.cursor)
      guard behind > viewer.lag, !viewer.isCatchingUp, !viewer.isTooSlow else { continue }
      state.viewers[id]?.isTooSlow = true
    }
  }

  /// Whether lossless viewers hold the run; nil when that has not changed.
  ///
  /// Held above the limit, let go below half of it, so that the run does not stutter. The limit is never more than the
  /// ring holds: what a viewer may be behind must still be there when it comes to it.
  private func updateHeld(_ state: inout State) -> Bool? {
    var worst = 0.0
    for viewer in losslessViewers(state) {
      let behind = state.ring.published - state.ring.offset(of: viewer.cursor)
      worst = max(worst, Double(behind) / Double(max(1, min(viewer.lag, limits.ring))))
    }
    let isHeld = state.isHeld ? worst > 0.5 : worst > 1
    guard isHeld != state.isHeld else { return nil }
    state.isHeld = isHeld
    return isHeld
  }
}
