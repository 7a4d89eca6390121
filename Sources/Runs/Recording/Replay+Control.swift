internal import Frames
internal import Loops
internal import Recordings

/// Pausing, stepping, resuming: when the next item comes, never which one.
extension Replay {
  package func pause() throws(RunError) {
    try checkGoing()
    clock.pause(now: now)
    stepsLeft = nil
    status = .paused
    settle()
  }

  /// Says nothing: a replay sends what is in the recording, and its object says when it ends.
  package func warnOfEnd() {}

  package func resume() throws(RunError) {
    try checkGoing()
    run()
    wake()
  }

  /// Plays up to the end of a step, at once: the time between its records is not waited for.
  ///
  /// Returns when that is done, or when a lossless viewer has to read first.
  package func step(_ count: Int) async throws(RunError) {
    try checkGoing()
    guard status == .paused else { throw .notPaused(id) }
    await withCheckedContinuation { waiting in
      // Asked again: for a task that prefers other threads the way into here is a turn of its own on this loop.
      guard status == .paused else { return waiting.resume() }
      status = .running
      stepsLeft = count
      settling.append(waiting)
      rouse()
    }
  }

  package func rewind(to step: Int) throws(RunError) {
    try checkGoing()
    throw .goesForward(id, recordingID: recordingID)
  }

  private func checkGoing() throws(RunError) {
    guard !status.isOver else { throw .ended(id, status: status) }
  }

  /// Goes on at its own pace from where it is.
  func run() {
    clock.resume(now: now)
    stepsLeft = nil
    status = .running
    settle()
  }

  // MARK: Steps

  /// Whether a step is over with an item: its token has been told, and it is not the last one, which the end follows.
  func endsStep(_ item: RecordingReplay.Item) -> Bool {
    guard case .event(let line) = item.content, Self.isToken(line),
      item.sequence < range.upperBound
    else { return false }
    return reader.entries[reader.firstIndex(atSequence: item.sequence + 1)...].contains { entry in
      entry.type == .event && range.contains(entry.sequence)
        && (try? reader.payload(of: entry)).map(Self.isToken) == true
    }
  }

  private static let tokenLine = Array(#"{"type":"\#(EventType.token.rawValue)""#.utf8)
  private static func isToken(_ line: [UInt8]) -> Bool { line.starts(with: tokenLine) }

  /// Pauses where the last counted step has ended; the time between it and the next is still to come.
  func finishStep() {
    stepsLeft = stepsLeft.flatMap { $0 > 1 ? $0 - 1 : nil }
    clock.jump(to: recorded, now: now)
    guard stepsLeft == nil, !status.isOver else { return }
    status = .paused
    settle()
  }

  // MARK: Waiting

  /// Returns after a while, or as soon as something has changed.
  func sleep(atMost microseconds: UInt64? = nil) async {
    if let microseconds {
      // In pieces, so that timers which nobody waits for any more do not pile up.
      let piece = Duration.microseconds(Int64(min(microseconds, 1_000_000)))
      services.loop.execute(after: piece) { [weak self] in self?.assumeIsolated { $0.rouse() } }
    }
    await withCheckedContinuation { waiting in
      // What changed on the way into here, which may be a turn of its own, is looked at first.
      if isRoused { waiting.resume() } else { sleeper = waiting }
      isRoused = false
    }
  }

  private func rouse() {
    if let sleeper = sleeper.take() { sleeper.resume() } else { isRoused = true }
  }

  /// Makes the playing task look again, from any thread.
  nonisolated func wake() {
    services.loop.execute { [weak self] in self?.assumeIsolated { $0.rouse() } }
  }

  /// Tells those who asked for a step that it stands still.
  func settle() {
    for continuation in settling { continuation.resume() }
    settling.removeAll()
  }
}
