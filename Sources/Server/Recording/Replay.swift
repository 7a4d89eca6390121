internal import Foundation
internal import Frames
package import Loops
internal import Recordings
internal import Synchronization

/// A recording that is played again as a run, through every door, without a model.
package actor Replay: StreamedRun {
  package nonisolated let id: String
  package nonisolated let created: Int
  package nonisolated let topic: Topic
  private let loop: Loop
  private let recordingID: String
  private let reader: RecordingReader
  private let speed: Double
  private let range: ClosedRange<UInt64>
  private let start = ContinuousClock.now
  private nonisolated let isCancelled = Atomic(false)

  package nonisolated var unownedExecutor: UnownedSerialExecutor {
    loop.asUnownedSerialExecutor()
  }

  private var publisher: TopicPublisher?
  private var status = RunStatus.queued
  private var began: JSONValue?
  private var text = ""
  private var tokens = 0
  private var step = 0
  /// The time of the last item, in microseconds since the recording began.
  private var recorded: UInt64 = 0
  private var finishReason: String?
  private var hooks: EventValue = []
  /// The event recorded before a frame that does not say its positions itself.
  private var description: EventValue?
  private let made: RecordedItems
  private let ended: @Sendable (Replay) -> Void

  init(
    id: String, recordingID: String, reader: RecordingReader, speed: Double,
    range: ClosedRange<UInt64>, isDetached: Bool, clock: Int, epoch: String, limits: TopicLimits,
    budget: ByteBudget?, loop: Loop, ended: @escaping @Sendable (Replay) -> Void
  ) {
    self.id = id
    self.recordingID = recordingID
    self.reader = reader
    self.speed = speed
    self.range = range
    self.loop = loop
    self.ended = ended
    created = clock
    made = RecordedItems(
      run: id, recordedRun: reader.metadata.runID, epoch: epoch, budget: budget)
    let relay = ReplayRelay()
    let publisher = TopicPublisher(
      run: id, epoch: epoch, limits: limits, budget: budget,
      archive: RecordingArchive(reader: reader, made: made, played: range),
      signals: TopicSignals(
        lastViewerLeft: { if !isDetached { relay.replay?.cancel() } },
        describeGap: { RunEvents.gap($0, run: id) },
        later: { loop.execute(after: $0, $1) }))
    topic = publisher.topic
    self.publisher = consume publisher
    relay.connect(self)
  }

  package nonisolated func cancel() { isCancelled.store(true, ordering: .releasing) }
  package func isOver() -> Bool { status.isOver }

  // MARK: Playing

  /// Plays the recording to its end, at its own pace.
  func play() async {
    status = .running
    do throws(RecordingError) {
      if range.lowerBound > 0 { try publishStart() }
      try await publishItems()
      if !status.isOver { endEarly() }
    } catch {
      status = .failed
      finishReason = "error"
      let (code, name, sentence) = error.sentence
      add(
        .error, [.init("error", RunEvents.error(ErrorReply(code, code: name, message: sentence)))])
    }
    _ = publisher?.announce()
    if let publisher = publisher.take() { publisher.finish() }
    ended(self)
  }

  /// Plays it from when somebody watches.
  func playForViewers() async {
    while topic.viewerCount == 0, !isCancelled.load(ordering: .acquiring) {
      try? await Task.sleep(for: .milliseconds(20))
    }
    await play()
  }

  private func publishItems() async throws(RecordingError) {
    var replay = RecordingReplay(reader, from: range.lowerBound, to: range.upperBound)
    let clock = ReplayClock(
      speed: speed, record: replay.nextMicroseconds ?? 0, now: microseconds)
    while !isCancelled.load(ordering: .acquiring), let item = try replay.next() {
      let wait = clock.wait(forRecord: item.microseconds, now: microseconds) ?? 0
      if wait > 0 {
        _ = publisher?.announce()
        await pause(microseconds: wait)
      }
      publish(item)
      recorded = item.microseconds
      if publisher?.announce() == true { await untilLetGo() }
      // The publishing loop is every run's.
      await Task.yield()
    }
  }

  /// Sleeps in short pieces, so that a cancellation is soon seen.
  private func pause(microseconds: UInt64) async {
    var left = microseconds
    while left > 0, !isCancelled.load(ordering: .acquiring) {
      let piece = min(left, 100_000)
      try? await Task.sleep(for: .microseconds(Int64(piece)))
      left -= piece
    }
  }

  private func untilLetGo() async {
    while topic.isHeld, !isCancelled.load(ordering: .acquiring) {
      try? await Task.sleep(for: .milliseconds(5))
    }
  }

  private var microseconds: UInt64 {
    let components = (ContinuousClock.now - start).components
    return UInt64(components.seconds) * 1_000_000
      + UInt64(components.attoseconds / 1_000_000_000_000)
  }

  // MARK: Items

  /// The first event of every recording, which tells viewers the hooks, and silently what changed them since.
  private func publishStart() throws(RecordingError) {
    var skipped = RecordingReplay(reader, from: 0, to: range.lowerBound - 1)
    if let item = try skipped.next() { publish(item) }
    while let item = try skipped.next() {
      if case .event(let json) = item.content, let event = try? EventValue(reading: json) {
        note(event)
      }
    }
  }

  private func publish(_ item: RecordingReplay.Item) {
    switch item.content {
    case .event(let json): publish(event: json, sequence: item.sequence)
    case .frame(let frame):
      publisher?.add(
        made.item(frame, microseconds: item.microseconds, description: description.take()))
    case .change: break
    }
  }

  private func publish(event json: [UInt8], sequence: UInt64) {
    guard let event = try? EventValue(reading: json), let type = event["type"]?.string else {
      return
    }
    note(event)
    if type == EventType.activation.rawValue {
      description = event
    } else {
      publisher?.add(made.item(event: json, type: type, sequence: sequence))
    }
  }

  private func note(_ event: EventValue) {
    made.noteHooks(of: event)
    hooks = event["hooks"] ?? hooks
    step = max(step, Self.step(event["step"]))
    switch EventType(rawValue: event["type"]?.string ?? "") {
    case .runStarted: began = event
    case .token:
      tokens += 1
      text += event["text"]?.string ?? ""
    case .text: text += event["text"]?.string ?? ""
    case .runRewound:
      text = event["text"]?.string ?? text
      step = Self.step(event["to_step"])
      tokens = step + 1
    case .runFinished:
      finishReason = event["finish_reason"]?.string
      status = finishReason == "cancelled" ? .cancelled : .finished
    case .error: status = .failed
    default: break
    }
  }

  /// A step, whatever a file says.
  private static func step(_ value: EventValue?) -> Int {
    Int(min(max(value?.integer ?? 0, 0), 1 << 40))
  }

  private func endEarly() {
    let isCancelled = isCancelled.load(ordering: .acquiring)
    status = isCancelled ? .cancelled : .finished
    finishReason = isCancelled ? "cancelled" : "end_of_recording"
    add(
      .runFinished,
      [
        .init("finish_reason", .string(finishReason ?? "")), .init("usage", usage),
        .init("timings", [:]),
      ])
  }

  private func add(_ type: EventType, _ fields: [EventValue.Member]) {
    let time = Double(recorded) / 1000
    publisher?.add(type.rawValue) { sequence in
      Event(
        type, runID: id, sequence: sequence, step: step, milliseconds: time, fields: fields
      ).json()
    }
  }

  private var usage: EventValue {
    let prompt = began?["prompt"]?["token_ids"]?.array?.count ?? 0
    return [
      "prompt_tokens": EventValue(prompt), "completion_tokens": EventValue(tokens),
      "total_tokens": EventValue(prompt + tokens),
    ]
  }

  // MARK: The run object

  package func object() -> [UInt8] {
    JSONWriter.object { writer in
      writer.member("run_id", id)
      writer.member("status", status.rawValue)
      writer.member("model", reader.metadata.model)
      writer.member("seq", topic.nextSequence)
      writer.member("step", step)
      writer.member("prompt_tokens", began?["prompt"]?["token_ids"]?.array?.count ?? 0)
      writer.member("completion_tokens", tokens)
      writer.member("finish_reason", finishReason)
      writer.member("text", text)
      writer.member("hooks", hooks)
      writer.array("interventions") { _ in }
      writer.member("recording_id", recordingID)
      writer.member("replay_of", reader.metadata.runID)
      writer.member("speed", speed)
      writer.member("viewers", topic.viewerCount)
      writer.member("created", created)
      writer.object("urls") { writer in
        writer.member("events", "/v1/runs/\(id)/events")
        writer.member("socket", "/v1/runs/\(id)/socket")
        writer.member("frames", "/v1/runs/\(id)/frames")
      }
    }
  }
}

/// Carries a topic's signals to its replay, which does not exist yet when the topic is made.
private final class ReplayRelay: Sendable {
  private struct Weak: Sendable { weak var replay: Replay? }
  private let held = Mutex(Weak())

  var replay: Replay? { held.withLock(\.replay) }
  func connect(_ replay: Replay) { held.withLock { $0.replay = replay } }
}
