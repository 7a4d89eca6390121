import Loops
import Wire

/// When things last happened on a connection; deadlines are sums of these and the limits.
struct ConnectionClock {
  typealias Instant = ContinuousClock.Instant

  /// When the machine came into its phase.
  private(set) var phaseBegan = ContinuousClock.now
  private(set) var phase = HTTPPhase.idle
  /// When the peer last took something, or something began to wait for it.
  private(set) var lastWrote = ContinuousClock.now
  /// When the last heartbeat, or anything else, went out.
  var lastBeat = ContinuousClock.now
  /// When closing began.
  var closingBegan = ContinuousClock.now
  /// What the timer of the connection is set to.
  var armed: (at: Instant, ticket: TimerWheel.Ticket)?

  mutating func begin() { self = ConnectionClock() }

  mutating func wrote() {
    lastWrote = ContinuousClock.now
    lastBeat = lastWrote
  }

  mutating func enter(_ phase: HTTPPhase) {
    guard phase != self.phase else { return }
    self.phase = phase
    phaseBegan = ContinuousClock.now
  }

  /// Begins a phase again, for the next of several requests that arrived together.
  mutating func restart(_ phase: HTTPPhase) {
    self.phase = phase
    phaseBegan = ContinuousClock.now
  }
}
