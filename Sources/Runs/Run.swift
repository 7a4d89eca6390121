package import Engine
package import Hooks
package import Streams
internal import Interpretability
internal import Loops
internal import Synchronization

/// One generation, as every door shows it: its events in order, its frames, its facts.
///
/// The engine's events come in on the engine's loop and are only put in line there; the publishing loop, on which this
/// actor lives, reduces, encodes and publishes them, and viewers take them on their own connections' loops. A lossless
/// viewer that is behind stops the line, and with it the engine.
package actor Run: GenerationSink {
  nonisolated let identity: RunIdentity
  nonisolated let services: RunServices
  nonisolated let intake: RunIntake
  var progress: RunProgress
  var queue: PublishQueue
  var outlet: StreamOutlet
  /// Whether it counts among the runs that may stand still.
  private var mayPause: Bool
  private let ended: @Sendable (Run) -> Void

  package nonisolated var unownedExecutor: UnownedSerialExecutor {
    services.loop.asUnownedSerialExecutor()
  }

  package nonisolated var id: String { identity.id }
  package nonisolated var order: RunOrder { identity.order }
  /// Seconds since 1970.
  package nonisolated var created: Int { identity.created }
  package nonisolated var topic: Topic { identity.topic }
  package nonisolated var place: RunPlace { identity.place }
  /// What it was told, in the order of the engine.
  package nonisolated var ledger: RunLedger { intake.ledger.withLock(\.self) }
  /// Its part of a trace; nil where nothing is traced.
  package nonisolated var trace: RunTrace? { intake.trace }
  /// What the engine is told to do; nil before it began.
  package nonisolated var generation: Generation? { intake.handle }
  package var failure: RunError? { progress.failure }
  /// Every hook that it ever had.
  package var hooks: HookTable { progress.hooks }
  /// What it is watched for, as viewers were told.
  package var watches: WatchList { progress.watches }

  /// Makes a run that is not yet in the engine.
  ///
  /// - Parameters:
  ///   - clock: seconds since 1970.
  ///   - trace: its part of a trace, which has begun.
  ///   - ended: told once, when the run is over.
  package init(
    id: String, order: RunOrder, place: RunPlace, clock: Int, parent: String? = nil,
    services: RunServices, framing: Framing, recorder: (any RunRecorder)?, trace: RunTrace? = nil,
    ended: @escaping @Sendable (Run) -> Void
  ) {
    let relay = StreamRelay<Run>()
    let loop = services.loop
    let publisher = TopicPublisher(
      run: id, epoch: services.epoch, limits: services.limits, budget: services.budget,
      archive: recorder,
      signals: TopicSignals(
        lastViewerLeft: { relay.stream?.lastViewerLeft() }, held: { relay.stream?.held($0) },
        describeGap: { RunEvents.gap($0, run: id) },
        later: { loop.execute(after: $0, $1) }))
    identity = RunIdentity(
      id: id, order: order, created: clock, place: place, topic: publisher.topic, parent: parent)
    self.services = services
    intake = RunIntake(order, place: place, services: services, trace: trace)
    progress = RunProgress(order)
    queue = PublishQueue(framing)
    outlet = StreamOutlet(of: id, publisher, recorder: recorder, worded: services.worded)
    mayPause = order.mayPause
    self.ended = ended
    relay.connect(self)
  }

  deinit { services.sources.forget(run: id) }

  // MARK: The engine's side

  package nonisolated func begin(_ generation: Generation) { intake.begin(generation) }

  package nonisolated func receive(_ event: GenerationEvent, of generation: Generation) {
    intake.note(event, of: generation)
    services.loop.execute { self.assumeIsolated { $0.take(event) } }
  }

  private func take(_ event: GenerationEvent) {
    if case .captures(let batch) = event {
      queue.append(.captures(batch, from: 0))
    } else {
      queue.append(.event(event))
    }
    pump()
  }

  /// Publishes what waits, until a lossless viewer says stop.
  func pump() {
    while !topic.isHeld, let next = queue.next() {
      switch next {
      case .event(let event):
        if beginsAnalyses(before: event) { queue.prepend(next) } else { publish(event) }
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
      services.loop.execute { self.assumeIsolated { $0.pump() } }
    }
  }

  /// Ends the run before its next step.
  package nonisolated func cancel() {
    generation?.cancel()
    services.loop.execute { self.assumeIsolated { $0.progress.note(.cancelled) } }
  }

  /// Closes the stream once everything has been published.
  package func close() {
    queue.close()
    outlet.close()
    ended(self)
  }
}
