/// Whether a WebSocket peer is still there: pings when nothing is heard, and gives up when a ping stays unanswered.
///
/// Only what the peer sends counts: what we write keeps nobody alive, and keeps nobody from being pinged. A peer is
/// never given up that was not asked first, however late the clock is looked at: a process that was stopped for
/// minutes pings all its peers, and loses none.
struct PeerPulse {
  typealias Instant = ContinuousClock.Instant

  /// What is due.
  enum Act: Equatable {
    case nothing
    case ping
    /// The peer is gone.
    case giveUp
  }

  /// Of silence, before a ping.
  let interval: Duration
  /// Of silence in all, pinged or not, before the peer is taken for gone.
  let patience: Duration
  /// When the peer last sent something.
  private(set) var lastHeard: Instant
  /// Pings since then: the first, from which the answer is waited for, and the last.
  private var pings: (first: Instant, last: Instant)?

  init(interval: Duration, patience: Duration, at now: Instant) {
    self.interval = interval
    self.patience = patience
    lastHeard = now
  }

  /// When `act` is to be asked again.
  var deadline: Instant {
    guard let pings else { return lastHeard + interval }
    return min(pings.last + interval, pings.first + answerTime)
  }

  /// How long an answer to the first ping may take; never nothing.
  private var answerTime: Duration { max(patience - interval, interval) }

  mutating func heard(at now: Instant) {
    lastHeard = now
    pings = nil
  }

  /// What is to be done at a moment.
  ///
  /// - Parameter canAnswer: whether an answer could have come: nothing that was written before the ping still waits
  ///   for the peer, and what it sends is read. Otherwise the time for an answer begins again.
  mutating func act(at now: Instant, canAnswer: Bool) -> Act {
    guard let pings else {
      guard now >= lastHeard + interval else { return .nothing }
      self.pings = (now, now)
      return .ping
    }
    guard canAnswer else {
      self.pings = (now, now)
      return .nothing
    }
    if now >= pings.first + answerTime { return .giveUp }
    guard now >= pings.last + interval else { return .nothing }
    self.pings?.last = now
    return .ping
  }
}
