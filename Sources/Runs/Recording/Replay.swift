package import Streams
internal import Frames
internal import JSON
internal import Loops
package import Recordings
internal import Synchronization

/// A recording that is played again as a run, through every door, without a model.
///
/// What viewers are sent is the recording and nothing else, so pausing and stepping leave no trace in the stream: they
/// decide when an item comes, and the run object says how things stand.
package actor Replay: StreamedRun {
  package nonisolated let id: String
  package nonisolated let created: Int
  package nonisolated let topic: Topic
  package nonisolated let place: RunPlace
  nonisolated let services: RunServices
  package nonisolated let recordingID: String
  /// The recording that is played.
  package nonisolated let reader: RecordingReader
  let range: ClosedRange<UInt64>
  private let start = ContinuousClock.now
  private nonisolated let isCancelled = Atomic(false)

  package nonisolated var unownedExecutor: UnownedSerialExecutor {
    services.loop.asUnownedSerialExecutor()
  }

  var publisher: TopicPublisher?
  /// Queued until somebody watches, where it waits for that.
  var status: RunStatus
  /// Runs only while it plays at its own pace.
  var clock: ReplayClock
  /// Steps left before it pauses again; nil where it plays at its own pace, or not at all.
  var stepsLeft: Int?
  /// The playing task while it waits for its time, and those who wait for it to stand still.
  var sleeper: CheckedContinuation<Void, Never>?
  /// Whether something changed while the playing task did not wait.
  var isRoused = false
  var settling: [CheckedContinuation<Void, Never>] = []
  var began: JSONValue?
  var text = ""
  var tokens = 0
  var step = 0
  /// The time of the last item, in microseconds since the recording began.
  var recorded: UInt64 = 0
  var finishReason: String?
  var hooks: JSONValue = []
  /// The event recorded before a frame that does not say its positions itself.
  var description: JSONValue?
  let made: RecordedItems
  private let ended: @Sendable (Replay) -> Void

  /// Makes a replay that has not begun.
  ///
  /// - Parameters:
  ///   - startsPaused: whether it waits for `resume` or `step` behind its first event.
  ///   - isDetached: whether it goes on when its last viewer leaves.
  ///   - clock: seconds since 1970.
  ///   - ended: told once, when it is over.
  package init(
    id: String, place: RunPlace, recordingID: String, reader: RecordingReader, speed: Double,
    range: ClosedRange<UInt64>, startsPaused: Bool, isDetached: Bool, clock: Int,
    services: RunServices, ended: @escaping @Sendable (Replay) -> Void
  ) {
    self.id = id
    self.place = place
    self.recordingID = recordingID
    self.reader = reader
    self.range = range
    self.services = services
    self.ended = ended
    created = clock
    status = startsPaused ? .paused : .queued
    let first = RecordingReplay(reader, from: range.lowerBound, to: range.upperBound)
    self.clock = ReplayClock(
      speed: speed, record: first.nextMicroseconds ?? 0, now: 0, isPaused: true)
    made = RecordedItems(
      run: id, recordedRun: reader.metadata.runID, epoch: services.epoch,
      budget: services.budget)
    let relay = StreamRelay<Replay>()
    let loop = services.loop
    let publisher = TopicPublisher(
      run: id, epoch: services.epoch, limits: services.limits, budget: services.budget,
      archive: RecordingArchive(reader: reader, made: made, played: range),
      signals: TopicSignals(
        lastViewerLeft: { if !isDetached { relay.stream?.cancel() } },
        held: { _ in relay.stream?.wake() },
        describeGap: { RunEvents.gap($0, run: id) },
        later: { loop.execute(after: $0, $1) }))
    topic = publisher.topic
    self.publisher = consume publisher
    relay.connect(self)
  }

  package func isOver() -> Bool { status.isOver }

  package nonisolated func cancel() {
    isCancelled.store(true, ordering: .releasing)
    wake()
  }

  var isGivenUp: Bool { isCancelled.load(ordering: .acquiring) }

  /// Microseconds since the replay was made, its clock's time.
  var now: UInt64 {
    let components = (ContinuousClock.now - start).components
    return UInt64(components.seconds) * 1_000_000
      + UInt64(components.attoseconds / 1_000_000_000_000)
  }

  // MARK: Playing

  /// Plays the recording to its end, as it is told.
  package func play() async {
    if status == .queued { run() }
    do throws(RecordingError) {
      if range.lowerBound > 0 { try publishStart() }
      try await publishItems()
      if !status.isOver { endEarly() }
    } catch {
      status = .failed
      finishReason = "error"
      add(.error, [.init("error", services.worded(.recording(error)))])
    }
    _ = publisher?.announce()
    if let publisher = publisher.take() { publisher.finish() }
    settle()
    // Who comes late still reads the recording; a thousand replays that are over hold no descriptors.
    reader.letGo()
    ended(self)
  }

  /// Plays it from when somebody watches, or tells it to.
  package func playForViewers() async {
    while status == .queued, topic.viewerCount == 0, !isGivenUp {
      await sleep(atMost: 20_000)
    }
    await play()
  }

  private func publishItems() async throws(RecordingError) {
    var replay = RecordingReplay(reader, from: range.lowerBound, to: range.upperBound)
    while !isGivenUp, let item = try replay.next() {
      // The start tells viewers what there is, also those of a replay that starts paused.
      if item.sequence > 0 || range.lowerBound > 0 { await untilDue(item.microseconds) }
      guard !isGivenUp else { return }
      publish(item)
      recorded = item.microseconds
      if publisher?.announce() == true { await untilLetGo() }
      if stepsLeft != nil, endsStep(item) { finishStep() }
      // The publishing loop is every run's.
      await Task.yield()
    }
  }

  /// Returns when a record is to be played: at its time, or at once within a step.
  private func untilDue(_ record: UInt64) async {
    while stepsLeft == nil, !isGivenUp {
      let wait = clock.wait(forRecord: record, now: now)
      guard wait != 0 else { return }
      _ = publisher?.announce()
      await sleep(atMost: wait)
    }
  }

  private func untilLetGo() async {
    while topic.isHeld, !isGivenUp {
      // Who asked for a step may be the one who has to read first.
      settle()
      await sleep()
    }
  }
}
