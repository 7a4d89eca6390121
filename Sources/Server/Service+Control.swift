package import Engine
internal import Hooks
internal import Tokenizers

/// What may be done to a run in progress, the same for REST and sockets.
extension Service {
  /// A change that applies from a step on.
  package struct AppliedIntervention: Sendable {
    package let id: String
    package let firstStep: Int
  }

  /// A run that a model computes.
  package func computed(_ id: String) throws(Refusal) -> Run {
    let any = try runs.run(id)
    guard let run = any as? Run else { throw .notAModelRun(id) }
    return run
  }

  /// `{"count": 1}`.
  package func step(_ run: any StreamedRun, _ fields: Fields) async throws(Refusal) {
    try await run.step(try fields.integer("count", in: 1...100_000) ?? 1)
  }

  /// `{"to_step": 4}`.
  package func rewind(_ run: any StreamedRun, _ fields: Fields) async throws(Refusal) {
    let shorter = try fields.integer("step", in: 0...Int(Int32.max))
    guard let step = try fields.integer("to_step", in: 0...Int(Int32.max)) ?? shorter else {
      throw .missing(field: "to_step")
    }
    try await run.rewind(to: step)
  }

  /// `{"add": [hooks], "remove": [ids]}`; `hooks` or `activation_hooks` replace all.
  package func changeHooks(_ run: Run, _ fields: Fields) async throws(Refusal) -> Int {
    let known = Set(await run.facts.hooks.map(\.spec.hookID))
    let (added, removed) = try hookChange(
      fields, known: known, catalogue: run.order.model.catalogue)
    if let unknown = removed.subtracting(known).first {
      throw .hookNotFound(unknown, run: run.id)
    }
    let captures = await run.changeHooks(adding: added, removing: removed)
    let step = try await run.ask { engine, generation throws(EngineError) in
      try await engine.setCaptures(generation, captures)
    }
    await run.record(change: RunChange.hooks(fields, from: step))
    await run.announceHooks(from: step)
    return step
  }

  /// The hooks that a body adds, and the ids of those it removes.
  func hookChange(
    _ fields: Fields, known: Set<String>, catalogue: HookCatalogue
  ) throws(Refusal) -> (added: [HookOrder], removed: Set<String>) {
    let shorter = try fields.objects("hooks")
    let whole = try fields.objects("activation_hooks") ?? shorter
    let added = try HookReader(catalogue)
      .orders((whole ?? []) + (try fields.objects("add") ?? []))
    return (added, whole == nil ? Set(try fields.strings("remove") ?? []) : known)
  }

  package func intervene(_ run: Run, _ fields: Fields) async throws(Refusal) -> AppliedIntervention
  {
    let nested = try fields.object("intervention")
    let intervention = try await interventionReader(run.order.model.catalogue)
      .intervention(nested ?? fields, defaultID: "intervention_" + Self.token(length: 8))
    let change = try await run.ask { engine, generation throws(EngineError) in
      try await engine.addIntervention(generation, intervention)
    }
    await run.note(intervention, from: change.firstStep)
    // The one it replaces may end before it begins.
    if let end = change.replacedFrom {
      await run.record(change: RunChange.remove(intervention.id, from: end))
    }
    await run.record(
      change: try RunChange.intervene(nested ?? fields, intervention, from: change.firstStep))
    return AppliedIntervention(id: intervention.id, firstStep: change.firstStep)
  }

  package func removeIntervention(
    _ run: Run, id: String
  ) async throws(Refusal) -> AppliedIntervention {
    let step = try await run.ask { engine, generation throws(EngineError) in
      try await engine.removeIntervention(generation, id: id)
    }
    await run.record(change: RunChange.remove(id, from: step))
    await run.noteRemoval(of: id, from: step)
    return AppliedIntervention(id: id, firstStep: step)
  }

  /// A run that goes on from where another one is; sampling, hooks and interventions of the body replace its own.
  package func fork(_ run: Run, _ fields: Fields) async throws(Refusal) -> Run {
    let facts = await run.facts
    var order = try await forkedOrder(
      run.order, hooks: facts.hooks.filter(\.isActive).map(\.order),
      interventions: facts.interventions, fields)
    order.recordedRequest = try await forkedRequest(run, fields, order)
    return try await fork(run, order)
  }

  /// What the recording of a fork begins with; a fork is recorded as its parent is, unless it asks not to be.
  private func forkedRequest(
    _ run: Run, _ fields: Fields, _ order: RunOrder
  ) async throws(Refusal) -> [UInt8]? {
    guard let history = await run.history else {
      guard try fields.bool("record") != true else {
        throw .conflict(fields: ["record"], reason: "the parent of this fork is not recorded")
      }
      return nil
    }
    guard try fields.bool("record") ?? true else { return nil }
    let body = try Fields(PatchRows.completing(fields.value, of: order.interventions))
    return history.request(forkedBy: body.bytes, firstStep: await run.firstStep)
  }

  /// Forks a run with a validated order.
  func fork(_ run: Run, _ order: RunOrder) async throws(Refusal) -> Run {
    try runs.checkRoom()
    try checkWeight(of: order)
    let child = try makeRun(order, parent: run.id)
    let facts = await run.facts
    await child.inherit(text: facts.pieces, step: facts.step)
    await child.publishStart()
    let generation: Generation
    do {
      generation = try await run.ask { engine, parent throws(EngineError) in
        try await engine.fork(parent, sink: child) { request in
          let wanted = order.generation
          request.maxTokens = wanted.maxTokens
          request.sampling = wanted.sampling
          request.stopStrings = wanted.stopStrings
          request.captures = wanted.captures
          request.interventions = wanted.interventions
          request.topLogprobs = wanted.topLogprobs
          request.startsPaused = wanted.startsPaused
        }
      }
    } catch {
      await child.close()
      throw error
    }
    child.begin(generation)
    runs.add(child)
    await noteIfOver(child)
    await run.announceFork(child.id)
    if !order.isDetached { awaitViewer(of: child) }
    return child
  }

  /// The order of a fork: its parent's with what the body replaces.
  func forkedOrder(
    _ parent: RunOrder, hooks: [HookOrder], interventions: [Intervention], _ fields: Fields
  ) async throws(Refusal) -> RunOrder {
    var order = parent
    var sampling = try SamplingRequest(fields, defaults: order.sampling.options)
    if !sampling.hasSeed { sampling.options.seed = order.sampling.options.seed }
    if sampling.maxTokens == nil { sampling.maxTokens = order.maxTokens }
    if fields["stop"] == nil { sampling.stop = order.sampling.stop }
    order.sampling = sampling
    let reader = HookReader(order.model.catalogue)
    let shorter = try fields.objects("hooks")
    let own = try fields.objects("activation_hooks") ?? shorter
    order.hooks = try own.map { list throws(Refusal) in try reader.orders(list) } ?? hooks
    order.interventions = interventions
    if let own = try fields.objects("interventions") {
      order.interventions = try await interventionReader(order.model.catalogue).interventions(own)
    }
    if let analyses = try fields.objects("analyses") {
      order.analyses = try AnalysisReader(order.model).analyses(analyses)
    }
    order.isDetached = try fields.bool("detach") ?? order.isDetached
    order.startsPaused = try fields.choice("start", ["running", "paused"]) == "paused"
    order.awaitsViewer = true
    return order
  }
}
