internal import Streams
package import Engine
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
    try await ask { engine, generation throws(EngineError) in
      try await engine.rewind(generation, toStep: step)
    }
    await settle()
  }

  /// Returns when what the engine has said before this call is published.
  ///
  /// The engine's events come by the same loop, so being here is enough, unless they wait for analyses.
  func settle() async {
    while isAnalysing { await withCheckedContinuation { settling.append($0) } }
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
      changeHooks(adding: added, removing: removed)
      record(entry)
      let list = hooks.map { $0.json(order.model.catalogue) }
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
    case .rewind: break
    }
  }

  /// Adds and removes hooks; one that was there before keeps its index.
  private func changeHooks(adding orders: [HookOrder], removing ids: Set<String>?) {
    let replaced = (ids ?? []).union(orders.map(\.spec.hookID))
    for index in hooks.indices where ids == nil || replaced.contains(hooks[index].spec.hookID) {
      hooks[index].isActive = false
    }
    for order in orders {
      if let index = hookIndex[order.spec] {
        hooks[index].isActive = true
      } else {
        hookIndex[order.spec] = hooks.count
        hooks.append(RunHook(index: hooks.count, order: order, format: self.order.frames))
      }
    }
  }

  // MARK: Forks and rewinds

  package func announceFork(_ child: String) {
    add(.runForked(childRunID: child))
    _ = publisher?.announce()
  }

  /// Makes this run the continuation of another one's text.
  package func inherit(text: [String], step: Int) {
    pieces = text
    self.step = step
    completionTokens = text.count
  }

  /// Takes back the tokens behind a step.
  func rewound(to step: Int) {
    pieces.removeLast(max(0, pieces.count - step - 1))
    completionTokens = pieces.count
    self.step = step
    if !status.isOver { status = .paused }
    record(RunLedger.Entry(change: .rewind(to: step), firstStep: step + 1, replacedFrom: nil))
    add(.runRewound, [.init("to_step", JSONValue(step)), .init("text", .string(text))])
  }
}
