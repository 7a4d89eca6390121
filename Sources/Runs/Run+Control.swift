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
    guard !status.isOver, let generation else { throw .ended(id, status: status) }
    do throws(EngineError) {
      return try await question(engine, generation)
    } catch {
      switch error {
      case .ended: throw .ended(id, status: status)
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
    guard !status.isOver, let end = place.expiresAt(viewers: 0) else { return }
    add(.runExpiring, [.init("expires_at", JSONValue(end))])
    _ = publisher?.announce()
  }

  /// Returns when what the engine has said before this call is published.
  ///
  /// The engine's events come by the same loop, so being here is enough, unless they wait for analyses or framing.
  func settle() async {
    while isAnalysing || isFraming {
      await withCheckedContinuation { waiting in
        // Asked again: for a task that prefers other threads the way into here is a turn of its own on this loop, and
        // what was under way may have ended in the turn before.
        if isAnalysing || isFraming { settling.append(waiting) } else { waiting.resume() }
      }
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
    guard let kind = change.kind else { return step }
    try checkRoom(for: change)
    if case .watches(let added, _, _) = change { try claim(for: added) }
    let tag = ledger.withLock { $0.ask(change) }
    do {
      let applied = try await ask { engine, generation throws(EngineError) in
        try await engine.apply(GenerationChange(tag: tag, kind), to: generation)
      }
      await settle()
      return applied.firstStep
    } catch {
      ledger.withLock { $0.withdraw(tag) }
      throw error
    }
  }

  /// Tells viewers and the recording of a change that the engine has made.
  func publish(_ applied: AppliedChange) {
    guard let entry = ledger.withLock({ $0.publish(applied) }) else { return }
    switch entry.change {
    case .hooks(let added, let removed, _):
      hooks.change(adding: added, removing: removed, from: entry.firstStep)
      record(entry)
      let list = toldHooks.map { $0.json(order.model.catalogue) }
      add(
        .hooksChanged,
        [.init("hooks", .array(list)), .init("first_step", JSONValue(entry.firstStep))])
    case .intervene(let intervention, _):
      interventions.removeAll { $0.id == intervention.id }
      interventions.append(intervention.starting(at: entry.firstStep))
      record(entry)
    case .removeIntervention(let id):
      interventions.removeAll { $0.id == id }
      record(entry)
      add(
        .interventionRemoved,
        [
          .init("intervention_id", .string(id)),
          .init("first_step", JSONValue(entry.firstStep)),
        ])
    case .watches(let added, let removed, _):
      changeWatches(adding: added, removing: removed)
      record(entry)
      add(
        .watchesChanged,
        [
          .init("watches", .array(watches.json)),
          .init("first_step", JSONValue(entry.firstStep)),
        ])
    case .rewind: break
    }
  }

  /// The hooks in force, and those taken off of which the pass under way still brings tensors.
  package var toldHooks: [RunHook] { hooks.told(after: pieces.count) }

  /// Refuses hooks and interventions for which the run has no room.
  private func checkRoom(for change: RunChange) throws(RunError) {
    switch change {
    case .hooks(let added, _, _):
      guard hooks.count(adding: added) <= RunOrder.mostHooks else {
        throw .tooManyHooks(id, limit: RunOrder.mostHooks)
      }
      guard hooks.directionNumbers(adding: added) <= Directions.mostNumbers else {
        throw .tooManyDirections(id, limit: Directions.mostNumbers)
      }
    case .intervene(let intervention, _):
      let others = ledger.withLock { $0.interventions.count { $0.id != intervention.id } }
      guard others < RunOrder.mostInterventions else {
        throw .tooManyInterventions(id, limit: RunOrder.mostInterventions)
      }
    case .watches(let added, let removed, _):
      var list = ledger.withLock(\.watches)
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
    if isFraming { work.append(.fork(child)) } else { publishFork(child) }
  }

  func publishFork(_ child: String) {
    add(.runForked(childRunID: child))
    _ = publisher?.announce()
  }

  /// Makes this run the continuation of another one's text.
  package func inherit(text: [String], tokens: [Token], step: Int) {
    pieces = text
    ledger.withLock { $0.inherit(tokens) }
    self.step = step
    completionTokens = text.count
  }

  /// Takes back the tokens behind a step.
  func rewound(to step: Int) {
    pieces.removeLast(max(0, pieces.count - step - 1))
    completionTokens = pieces.count
    self.step = step
    hooks.rewind(to: pieces.count)
    if !status.isOver { status = .paused }
    record(RunLedger.Entry(change: .rewind(to: step), firstStep: step + 1, replacedFrom: nil))
    add(.runRewound, [.init("to_step", JSONValue(step)), .init("text", .string(text))])
  }
}
