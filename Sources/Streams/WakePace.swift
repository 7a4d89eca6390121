/// When the viewers that wait are woken: one at once, a crowd so many times a second at most.
///
/// To wake a viewer takes a switch of threads and a system call, on the processors that compute the run. Each viewer
/// beyond the first therefore lengthens the rest between two rounds, so that waking takes the same small share of the
/// machine however many look on. The first item after a rest is announced at once.
struct WakePace: Sendable {
  /// What to do about those who wait.
  enum Turn: Sendable, Equatable {
    /// Wake them.
    case now
    /// Wake them after this long; the caller arranges that, and then calls `begin`.
    case later(Duration)
    /// A later round is arranged already.
    case arranged
  }

  private let rest: Duration
  private let longest: Duration
  private var last: ContinuousClock.Instant?
  private var isArranged = false

  /// Makes a pace.
  ///
  /// - Parameters:
  ///   - rest: how much each viewer beyond the first adds to the time between two rounds.
  ///   - longest: what that time comes to at most.
  init(rest: Duration, longest: Duration) {
    self.rest = rest
    self.longest = longest
  }

  /// Something is to be announced to so many viewers.
  mutating func turn(of viewers: Int, at now: ContinuousClock.Instant) -> Turn {
    guard viewers > 1, let last else {
      begin(at: now)
      return .now
    }
    let next = last + min(rest * (viewers - 1), longest)
    guard now < next else {
      begin(at: now)
      return .now
    }
    guard !isArranged else { return .arranged }
    isArranged = true
    return .later(next - now)
  }

  /// A round begins, whatever the pace.
  mutating func begin(at now: ContinuousClock.Instant) {
    last = now
    isArranged = false
  }
}
