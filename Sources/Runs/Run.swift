package import Streams
internal import DequeModule
package import Engine
package import Hooks
internal import Interpretability
internal import JSON
package import Loops
package import Synchronization

/// One generation, as every door shows it: its events in order, its frames, its facts.
///
/// The engine's events come in on the engine's loop and are only put in line there; the publishing loop, on which this
/// actor lives, reduces, encodes and publishes them, and viewers take them on their own connections' loops. A lossless
/// viewer that is behind stops the line, and with it the engine.
package actor Run: GenerationSink {
  /// What waits for being published.
  enum Work: Sendable {
    case event(GenerationEvent)
    /// A pass's captures, of which the first few are published already.
    case captures(CaptureBatch, from: Int)
    /// The id of a run that forked from this one.
    case fork(String)
  }

  package nonisolated let id: String
  package nonisolated let order: RunOrder
  /// Seconds since 1970.
  package nonisolated let created: Int
  package nonisolated let topic: Topic
  package nonisolated let place: RunPlace
  package nonisolated let backlog: Backlog
  let loop: Loop
  private let start = ContinuousClock.now
  private nonisolated let handle = Mutex<Generation?>(nil)

  package nonisolated var unownedExecutor: UnownedSerialExecutor {
    loop.asUnownedSerialExecutor()
  }

  var publisher: TopicPublisher?
  var framing: Framing?
  var work: Deque<Work> = []
  let engine: Engine
  /// Where its exact captures are kept for patches into other runs.
  let sources: PatchSources
  /// The pass whose token has not come yet, and whether analyses of one are under way.
  var unanalysed: CaptureBatch?
  var isAnalysing = false
  /// What the run's analyses keep between passes, in the order of the analyses.
  var memories: [(any AnalysisMemory)?] = []
  /// Whether a part of a pass is being framed elsewhere; nothing else is published meanwhile.
  var isFraming = false
  /// The threads on which that is done, which all runs share.
  let framers: WorkThreads
  /// Who waits for the analyses or the framing under way.
  var settling: [CheckedContinuation<Void, Never>] = []
  var status: RunStatus
  var step = 0
  /// The text of each generated token; the first belongs to pass 0.
  var pieces: [String] = []
  /// Text that was held back until the end.
  var rest = ""
  var completionTokens = 0
  var finishReason: String?
  var summary: GenerationSummary?
  package var failure: RunError?
  package var hooks: HookTable
  var interventions: [Intervention]
  /// What it is watched for, as viewers were told.
  package private(set) var watches: WatchList
  /// Whether it counts among the runs that may stand still.
  private var mayPause: Bool
  var parent: String?
  var recorder: (any RunRecorder)?
  let recordingID: String?
  /// What it was told, in the order of the engine.
  package nonisolated let ledger: Mutex<RunLedger>
  /// Why the recording stopped, until viewers have been told.
  var recorderFault: RunError?
  /// How viewers are told of an error.
  let worded: ErrorWording
  /// What is counted of all runs together.
  let meter: RunMeter?
  /// Its part of a trace; nil where nothing is traced.
  package nonisolated let trace: RunTrace?
  private nonisolated let pace: Mutex<RunMeter.Pace>
  private let ended: @Sendable (Run) -> Void

  /// Makes a run that is not yet in the engine.
  ///
  /// - Parameters:
  ///   - clock: seconds since 1970.
  ///   - framers: where large passes are framed.
  ///   - worded: how viewers are told of an error.
  ///   - trace: its part of a trace, which has begun.
  ///   - ended: told once, when the run is over.
  package init(
    id: String, order: RunOrder, place: RunPlace, clock: Int, epoch: String, limits: TopicLimits,
    budget: ByteBudget?, loop: Loop, framers: WorkThreads, engine: Engine, framing: Framing,
    sources: PatchSources,
    recorder: (any RunRecorder)?, worded: @escaping ErrorWording, parent: String? = nil,
    meter: RunMeter? = nil, trace: RunTrace? = nil,
    ended: @escaping @Sendable (Run) -> Void
  ) {
    self.id = id
    self.order = order
    self.place = place
    created = clock
    self.loop = loop
    self.framers = framers
    self.engine = engine
    self.framing = framing
    self.sources = sources
    self.recorder = recorder
    self.worded = worded
    self.meter = meter
    self.trace = trace
    pace = Mutex(
      RunMeter.Pace(begun: order.startsPaused ? nil : ContinuousClock.now, last: nil))
    recordingID = recorder?.id
    ledger = Mutex(RunLedger(order))
    self.parent = parent
    self.ended = ended
    backlog = Backlog(limit: 32 << 20)
    let relay = RunRelay()
    let publisher = TopicPublisher(
      run: id, epoch: epoch, limits: limits, budget: budget, archive: recorder,
      signals: TopicSignals(
        lastViewerLeft: { relay.run?.lastViewerLeft() }, held: { relay.run?.held($0) },
        describeGap: { RunEvents.gap($0, run: id) },
        later: { loop.execute(after: $0, $1) }))
    topic = publisher.topic
    self.publisher = consume publisher
    status = order.startsPaused ? .paused : .queued
    hooks = HookTable(order.hooks, format: order.frames)
    interventions = order.interventions
    watches = WatchList(order.watches)
    mayPause = order.mayPause
    relay.connect(self)
  }

  deinit { sources.forget(run: id) }

  /// What has been generated so far.
  var text: String { pieces.joined() + rest }

  /// Milliseconds since the run was made, to whole microseconds: what a recording can keep.
  var milliseconds: Double {
    let components = (ContinuousClock.now - start).components
    return (Double(components.seconds) * 1e6 + Double(components.attoseconds) / 1e12).rounded()
      / 1e3
  }

  // MARK: The engine's side

  /// What the engine is told to do; nil before it began and in replays.
  package nonisolated var generation: Generation? { handle.withLock(\.self) }

  package nonisolated func begin(_ generation: Generation) {
    handle.withLock { $0 = generation }
  }

  package nonisolated func receive(_ event: GenerationEvent, of generation: Generation) {
    ledger.withLock { $0.receive(event) }
    switch event {
    case .paused, .rewound: place.note(isPaused: true)
    case .resumed: place.note(isPaused: false)
    case .finished(let reason, let summary): trace?.finish(reason, summary)
    case .failed(let error): trace?.fail(worded(.engine(error))["code"]?.string ?? "error")
    default: break
    }
    if let meter { pace.withLock { meter.note(event, &$0, at: .now) } }
    if backlog.add(event.weight) { generation.hold() }
    if isAnalysed, case .token = event { generation.hold() }
    handle.withLock { if $0 == nil { $0 = generation } }
    loop.execute { self.assumeIsolated { $0.take(event) } }
  }

  private func take(_ event: GenerationEvent) {
    if case .captures(let batch) = event {
      work.append(.captures(batch, from: 0))
    } else {
      work.append(.event(event))
    }
    pump()
  }

  /// Publishes what waits, until a lossless viewer says stop.
  func pump() {
    while !topic.isHeld, !isAnalysing, !isFraming, let next = work.popFirst() {
      switch next {
      case .event(let event):
        if beginsAnalyses(before: event) { work.prepend(next) } else { publish(event) }
      case .captures(let batch, let first): publish(batch, from: first)
      case .fork(let child): publishFork(child)
      }
    }
  }

  // MARK: Watches

  /// Counts the run among those that may stand still, from when a watch may make it so: it stays there to its end.
  func claim(for added: [Watchpoint]) throws(RunError) {
    guard !mayPause, added.contains(where: { $0.action == .pause }) else { return }
    try place.claimPause()
    mayPause = true
  }

  func changeWatches(adding added: [Watchpoint], removing removed: Set<Int>?) {
    watches.change(adding: added, removing: removed)
  }

  // MARK: The viewers' side

  private nonisolated func lastViewerLeft() {
    guard !order.isDetached else { return }
    cancel()
  }

  private nonisolated func held(_ isHeld: Bool) {
    guard let generation else { return }
    if isHeld {
      generation.hold()
    } else {
      generation.release()
      loop.execute { self.assumeIsolated { $0.pump() } }
    }
  }

  /// Ends the run before its next step.
  package nonisolated func cancel() {
    generation?.cancel()
    loop.execute { self.assumeIsolated { $0.noteCancelled() } }
  }

  private func noteCancelled() {
    if !status.isOver { status = .cancelled }
  }

  /// Closes the stream once everything has been published.
  package func close() {
    keep { recorder throws(RunError) in try recorder.finish() }
    recorder = nil
    framing = nil
    work.removeAll()
    unanalysed = nil
    memories.removeAll()
    if let publisher = publisher.take() { publisher.finish() }
    ended(self)
  }
}

/// Carries a topic's signals to its run, which does not exist yet when the topic is made.
private final class RunRelay: Sendable {
  private struct Weak: Sendable { weak var run: Run? }
  private let held = Mutex(Weak())

  var run: Run? { held.withLock(\.run) }
  func connect(_ run: Run) { held.withLock { $0.run = run } }
}
