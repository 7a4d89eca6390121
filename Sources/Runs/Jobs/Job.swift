package import Streams
package import Frames
package import JSON
internal import Loops
internal import Synchronization

/// What a job came to.
package enum JobOutcome: Sendable {
  /// The result's JSON, whose members are those of its event.
  case result([UInt8])
  /// The error object that its viewers are told.
  case failed(JSONValue)
}

/// Work of many passes as a run of its own: an analysis that others may watch, and that may go on without whoever asked for it.
///
/// It is told step by step, stands still between two steps where it is paused or a lossless viewer is behind, and ends
/// between two steps where it is cancelled. Nobody's leaving ends it, unless it was not detached. What its viewers are told may be
/// recorded, as of any run; a recording that fails is given up, and the job goes on.
package actor Job: StreamedRun {
  /// What is done, and what it is done on.
  package struct Order: Sendable {
    package let name: String
    package let model: String
    /// Steps in all.
    package let total: Int
    /// Goes on although nobody watches.
    package let isDetached: Bool
    /// Tokens that models read up to a step.
    package let tokens: @Sendable (Int) -> Int

    package init(
      name: String, model: String, total: Int, isDetached: Bool,
      tokens: @escaping @Sendable (Int) -> Int
    ) {
      self.name = name
      self.model = model
      self.total = total
      self.isDetached = isDetached
      self.tokens = tokens
    }
  }

  package nonisolated let id: String
  package nonisolated let created: Int
  package nonisolated let topic: Topic
  package nonisolated let place: RunPlace
  let order: Order
  private let loop: Loop
  private nonisolated let task = Mutex<Task<Void, Never>?>(nil)
  private nonisolated let isCancelled = Atomic(false)
  private let ended: @Sendable (Job) -> Void

  package nonisolated var unownedExecutor: UnownedSerialExecutor {
    loop.asUnownedSerialExecutor()
  }

  private var outlet: StreamOutlet
  private(set) var status = RunStatus.running
  private(set) var done = 0
  private(set) var result: JSONValue?
  private(set) var failure: JSONValue?
  /// Steps left before it pauses again; nil where it goes on.
  private var stepsLeft: Int?
  /// The work while it stands still, and whether something changed while it did not.
  private var sleeper: CheckedContinuation<Void, Never>?
  private var isRoused = false

  /// Makes a job that has not begun.
  ///
  /// - Parameters:
  ///   - clock: seconds since 1970.
  ///   - recorder: keeps its events, where it is recorded.
  ///   - ended: told once, when it is over.
  package init(
    id: String, order: Order, place: RunPlace, clock: Int, services: RunServices,
    recorder: (any RunRecorder)? = nil, ended: @escaping @Sendable (Job) -> Void
  ) {
    self.id = id
    self.order = order
    self.place = place
    self.ended = ended
    created = clock
    let loop = services.loop
    self.loop = loop
    let relay = StreamRelay<Job>()
    let publisher = TopicPublisher(
      run: id, epoch: services.epoch, limits: services.limits, budget: services.budget,
      archive: recorder,
      signals: TopicSignals(
        lastViewerLeft: { if !order.isDetached { relay.stream?.cancel() } },
        held: { _ in relay.stream?.wake() },
        describeGap: { RunEvents.gap($0, run: id) },
        later: { loop.execute(after: $0, $1) }))
    topic = publisher.topic
    outlet = StreamOutlet(of: id, publisher, recorder: recorder, worded: services.worded)
    relay.connect(self)
  }

  /// Begins the work, which calls ``advance(to:)`` after each of its steps.
  package func begin(_ work: @escaping @Sendable (Job) async -> JobOutcome) {
    add(
      .jobStarted,
      [
        .init("analysis", .string(order.name)), .init("model", .string(order.model)),
        .init("total", JSONValue(order.total)),
      ])
    outlet.announce()
    let work = Task { await self.end(work(self)) }
    task.withLock { $0 = work }
    if isGivenUp { work.cancel() }
  }

  /// Tells that steps are done, and returns when the next may begin.
  package func advance(to done: Int) async {
    guard !status.isOver else { return }
    let before = hundredths
    self.done = done
    if hundredths > before || stepsLeft != nil {
      add(
        .analysisProgress,
        [
          .init("analysis", .string(order.name)), .init("done", JSONValue(done)),
          .init("total", JSONValue(order.total)),
        ])
    }
    if let left = stepsLeft {
      stepsLeft = left > 1 ? left - 1 : nil
      if stepsLeft == nil { stand() }
    }
    outlet.announce()
    while !isGivenUp, status == .paused || topic.isHeld {
      await withCheckedContinuation { waiting in
        // What changed on the way into here is looked at first.
        if isRoused { waiting.resume() } else { sleeper = waiting }
        isRoused = false
      }
    }
  }

  /// Tells something that was found on the way; members of an object.
  package func tell(_ type: EventType, _ json: [UInt8]) {
    guard !status.isOver, let members = Self.members(json) else { return }
    add(type, members)
    outlet.announce()
  }

  private var hundredths: Int { done * 100 / max(order.total, 1) }

  /// The members of an event's JSON but its type, which the envelope has.
  private static func members(_ json: [UInt8]) -> [JSONValue.Member]? {
    (try? JSONValue(parsing: json))?.members?.filter { $0.name != "type" }
  }

  private func end(_ outcome: JobOutcome) {
    switch outcome {
    case .result(let json) where !isGivenUp:
      let members = Self.members(json) ?? []
      result = JSONValue(members: members)
      add(.analysisResult, members)
      finish("stop", .finished)
    case .failed(let error) where !isGivenUp:
      status = .failed
      failure = error
      addLast(.error, [.init("error", error)])
    case .result, .failed: finish("cancelled", .cancelled)
    }
    outlet.announce()
    outlet.close()
    task.withLock { $0 = nil }
    ended(self)
  }

  private func finish(_ reason: String, _ status: RunStatus) {
    self.status = status
    addLast(
      .runFinished,
      [
        .init("finish_reason", .string(reason)), .init("usage", usage), .init("timings", [:]),
      ])
  }

  var usage: JSONValue {
    let tokens = order.tokens(done)
    return [
      "prompt_tokens": JSONValue(tokens), "completion_tokens": 0,
      "total_tokens": JSONValue(tokens),
    ]
  }

  var finishReason: String? {
    switch status {
    case .finished: "stop"
    case .cancelled: "cancelled"
    case .failed: "error"
    case .queued, .running, .paused: nil
    }
  }

  var recordingID: String? { outlet.recordingID }

  private func add(_ type: EventType, _ fields: [JSONValue.Member] = []) {
    outlet.add(type, fields, step: done)
  }

  private func addLast(_ type: EventType, _ fields: [JSONValue.Member]) {
    outlet.addLast(type, fields, step: done)
  }
}

/// What may be done to a job, between two of its steps.
extension Job {
  package func isOver() -> Bool { status.isOver }

  nonisolated var isGivenUp: Bool { isCancelled.load(ordering: .acquiring) }

  package nonisolated func cancel() {
    isCancelled.store(true, ordering: .releasing)
    task.withLock(\.self)?.cancel()
    wake()
  }

  package func pause() throws(RunError) {
    try checkGoing()
    guard status != .paused else { return }
    try place.claimPause()
    defer { place.releaseClaim() }
    stepsLeft = nil
    stand()
    outlet.announce()
  }

  package func resume() throws(RunError) {
    try checkGoing()
    guard status == .paused else { return }
    go()
  }

  /// Goes on for some steps; answers at once, the pause is an event.
  package func step(_ count: Int) throws(RunError) {
    try checkGoing()
    guard status == .paused else { throw .notPaused(id) }
    stepsLeft = count
    go()
  }

  package func rewind(to step: Int) throws(RunError) {
    try checkGoing()
    throw .keepsNoSteps(id)
  }

  package func warnOfEnd() {
    guard !status.isOver, let end = place.expiresAt(viewers: 0) else { return }
    add(.runExpiring, [.init("expires_at", JSONValue(end))])
    outlet.announce()
  }

  private func checkGoing() throws(RunError) {
    guard !status.isOver else { throw .ended(id, status: status) }
  }

  private func stand() {
    status = .paused
    place.note(isPaused: true)
    add(.runPaused)
  }

  private func go() {
    status = .running
    place.note(isPaused: false)
    add(.runResumed)
    outlet.announce()
    rouse()
  }

  private func rouse() {
    if let sleeper = sleeper.take() { sleeper.resume() } else { isRoused = true }
  }

  /// Makes the work look again whether it may go on, from any thread.
  nonisolated func wake() {
    loop.execute { [weak self] in self?.assumeIsolated { $0.rouse() } }
  }
}
