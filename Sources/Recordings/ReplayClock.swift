/// When each record of a replay is due; a pure value over two clocks that the caller reads.
///
/// - Units: microseconds; `now` on any clock that does not go backwards, `record` since the recording began.
package struct ReplayClock: Hashable, Sendable {
  /// Recorded microseconds per real one; 0 means as fast as records can be read.
  package private(set) var speed: Double
  /// A moment of the replay and the record time that belongs to it.
  private var anchorNow: UInt64
  private var anchorRecord: UInt64
  private var isPaused: Bool

  /// Starts so that the record time `record` is due now, or when it is first resumed.
  ///
  /// - Parameter speed: negative and not finite values mean 0.
  package init(speed: Double, record: UInt64, now: UInt64, isPaused: Bool = false) {
    self.speed = speed.isFinite && speed > 0 ? speed : 0
    self.isPaused = isPaused
    anchorNow = now
    anchorRecord = record
  }

  /// How long to wait before a record of that time is due; nil while paused.
  package func wait(forRecord record: UInt64, now: UInt64) -> UInt64? {
    guard !isPaused else { return nil }
    guard speed > 0, record > anchorRecord else { return 0 }
    let due = Double(record - anchorRecord) / speed
    let passed = Double(now > anchorNow ? now - anchorNow : 0)
    guard due > passed else { return 0 }
    // A wait past any lifetime is a wait for ever; the conversion must not trap.
    return UInt64(min((due - passed).rounded(.up), 1e15))
  }

  /// Stops; records stay due where they are.
  package mutating func pause(now: UInt64) {
    guard !isPaused else { return }
    rebase(now)
    isPaused = true
  }

  /// Goes on from where it stopped.
  package mutating func resume(now: UInt64) {
    guard isPaused else { return }
    isPaused = false
    anchorNow = now
  }

  /// Goes on from another moment of the recording, or will when it is resumed.
  package mutating func jump(to record: UInt64, now: UInt64) {
    anchorRecord = record
    anchorNow = now
  }

  /// Changes the speed from now on.
  package mutating func setSpeed(_ speed: Double, now: UInt64) {
    if !isPaused { rebase(now) }
    self.speed = speed.isFinite && speed > 0 ? speed : 0
  }

  private mutating func rebase(_ now: UInt64) {
    let passed = Double(now > anchorNow ? now - anchorNow : 0) * speed
    let (sum, overflow) = anchorRecord.addingReportingOverflow(UInt64(min(passed, 1e18)))
    anchorRecord = overflow ? .max : sum
    anchorNow = now
  }
}
