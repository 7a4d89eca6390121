internal import Streams
package import Engine
package import Tokenizers
internal import Frames
internal import JSON
internal import Hooks
internal import Synchronization

extension Run {
  /// Asks the engine about the generation while there is one, and puts its refusals in this run's words.
  package func ask<Answer: Sendable>(
    _ question: @Sendable (Engine, Generation) async throws(EngineError) -> Answer
  ) async throws(RunError) -> Answer {
    guard !progress.status.isOver, let generation else {
      throw .ended(id, status: progress.status)
    }
    do throws(EngineError) {
      return try await question(services.engine, generation)
    } catch {
      switch error {
      case .ended: throw .ended(id, status: progress.status)
      case .notPaused: throw .notPaused(id)
      default: throw .engine(error)
      }
    }
  }

  // MARK: Pace

  package func pause() async throws(RunError) {
    try place.claimPause()
    defer { place.releaseClaim() }
    _ = try await ask { engine, generation throws(EngineError) in
      try await engine.pause(generation)
    }
    await settle()
  }

  package func resume() async throws(RunError) {
    try await ask { engine, generation throws(EngineError) in
      try await engine.resume(generation)
    }
    await settle()
  }

  package func step(_ count: Int) async throws(RunError) {
    try await ask { engine, generation throws(EngineError) in
      try await engine.step(generation, count: count)
    }
  }

  package func rewind(to step: Int) async throws(RunError) {
    try place.claimPause()
    defer { place.releaseClaim() }
    try await ask { engine, generation throws(EngineError) in
      try await engine.rewind(generation, toStep: step)
    }
    await settle()
  }

  package func warnOfEnd() {
    guard !progress.status.isOver, let end = place.expiresAt(viewers: 0) else { return }
    add(.runExpiring, [.init("expires_at", JSONValue(end))])
    outlet.announce()
  }

  /// Returns when what the engine has said before this call is published.
  ///
  /// The engine's events come by the same loop, so being here is enough, unless they wait for analyses or framing.
  func settle() async {
    while queue.isBusy {
      await withCheckedContinuation { queue.settle($0) }
    }
  }

  // MARK: Changes

  /// Makes a change as soon as the engine can.
  ///
  /// What viewers are told and what the recording keeps follows from the engine's own word, so the order of both is
  /// that in which changes took effect, however many clients make them at once.
  ///
  /// - Returns: the first pass that is computed with it.
  package func change(_ change: RunChange) async throws(RunError) -> Int {
    guard let kind = change.kind else { return progress.step }
    try checkRoom(for: change)
    if case .watches(let added, _, _) = change { try claim(for: added) }
    let tag = intake.ledger.withLock { $0.ask(change) }
    do {
      let applied = try await ask { engine, generation throws(EngineError) in
        try await engine.apply(GenerationChange(tag: tag, kind), to: generation)
      }
      await settle()
      return applied.firstStep
    } catch {
      intake.ledger.withLock { $0.withdraw(tag) }
      throw error
    }
  }

  /// Tells viewers and the recording of a change that the engine has made.
  func publish(_ applied: AppliedChange) {
    guard let entry = intake.ledger.withLock({ $0.publish(applied) }) else { return }
    progress.apply(entry.change, from: entry.firstStep)
    outlet.record(entry.records, step: progress.step)
    let first = JSONValue.Member("first_step", JSONValue(entry.firstStep))
    switch entry.change {
    case .hooks:
      let list = progress.toldHooks.map { $0.json(order.model.catalogue) }
      add(.hooksChanged, [.init("hooks", .array(list)), first])
    case .removeIntervention(let id):
      add(.interventionRemoved, [.init("intervention_id", .string(id)), first])
    case .watches:
      add(.watchesChanged, [.init("watches", .array(progress.watches.json)), first])
    // The engine tells when an intervention is first applied, and when it has rewound.
    case .intervene, .rewind: break
    }
  }

  /// Refuses hooks and interventions for which the run has no room.
  private func checkRoom(for change: RunChange) throws(RunError) {
    switch change {
    case .hooks(let added, _, _):
      guard progress.hooks.count(adding: added) <= RunOrder.mostHooks else {
        throw .tooManyHooks(id, limit: RunOrder.mostHooks)
      }
      guard progress.hooks.directionNumbers(adding: added) <= Directions.mostNumbers else {
        throw .tooManyDirections(id, limit: Directions.mostNumbers)
      }
    case .intervene(let intervention, _):
      let others = intake.ledger.withLock { $0.interventions.count { $0.id != intervention.id } }
      guard others < RunOrder.mostInterventions else {
        throw .tooManyInterventions(id, limit: RunOrder.mostInterventions)
      }
    case .watches(let added, let removed, _):
      var list = intake.ledger.withLock(\.watches)
      list.change(adding: added, removing: removed)
      guard list.numbers.count <= WatchList.most, list.all.count <= WatchList.mostEver,
        list.directions <= WatchList.mostDirections
      else {
        throw .tooManyWatches(id)
      }
    case .removeIntervention, .rewind: break
    }
  }

  // MARK: Forks and rewinds

  package func announceFork(_ child: String) {
    // Numbers are given already to the frames that are being made.
    if queue.isFraming { queue.append(.fork(child)) } else { publishFork(child) }
  }

  func publishFork(_ child: String) {
    add(.runForked(childRunID: child))
    outlet.announce()
  }

  /// Makes this run the continuation of another one's text.
  package func inherit(text: [String], tokens: [Token], step: Int) {
    progress.inherit(text, step: step)
    intake.ledger.withLock { $0.inherit(tokens) }
  }

  /// Takes back the tokens behind a step.
  func rewound(to step: Int) {
    progress.rewind(to: step)
    let entry = RunLedger.Entry(
      change: .rewind(to: step), firstStep: step + 1, replacedFrom: nil)
    outlet.record(entry.records, step: step)
    add(
      .runRewound,
      [.init("to_step", JSONValue(step)), .init("text", .string(progress.text))])
  }
}
