internal import Engine
internal import HTTP
internal import Hooks
internal import Synchronization
internal import Tokenizers
package import Runs

/// What may be done to a run in progress, the same for REST and sockets.
extension Service {
  /// A change that applies from a step on.
  package struct AppliedIntervention: Sendable {
    package let id: String
    package let firstStep: Int
  }

  /// A run that a model computes.
  package func computed(_ id: String) throws(Refusal) -> Run {
    let any = try run(id)
    guard let run = any as? Run else { throw .notAModelRun(id) }
    return run
  }

  /// `{"count": 1}`.
  package func step(_ run: any StreamedRun, _ fields: Fields) async throws(Refusal) {
    let count = try fields.integer("count", in: 1...100_000) ?? 1
    try await refusing { () throws(RunError) in try await run.step(count) }
  }

  /// `{"to_step": 4}`.
  package func rewind(_ run: any StreamedRun, _ fields: Fields) async throws(Refusal) {
    let shorter = try fields.integer("step", in: 0...Int(Int32.max))
    guard let step = try fields.integer("to_step", in: 0...Int(Int32.max)) ?? shorter else {
      throw .missing(field: "to_step")
    }
    try await refusing { () throws(RunError) in try await run.rewind(to: step) }
  }

  /// `{"add": [hooks], "remove": [ids]}`; `hooks` or `activation_hooks` replace all.
  package func changeHooks(_ run: Run, _ fields: Fields) async throws(Refusal) -> Int {
    let (added, removed) = try await turnIfLong(bytes: fields.byteCount) { () throws(Refusal) in
      try hookChange(fields, catalogue: run.order.model.catalogue)
    }
    let known = Set(await run.hooks.all.map(\.spec.hookID))
    if let unknown = removed?.subtracting(known).min() {
      throw .hookNotFound(unknown, run: run.id)
    }
    let change = RunChange.hooks(adding: added, removing: removed, body: fields.value)
    return try await refusing { () throws(RunError) in try await run.change(change) }
  }

  /// The hooks that a body adds, and the ids of those it removes: nil for all others.
  func hookChange(
    _ fields: Fields, catalogue: HookCatalogue
  ) throws(Refusal) -> (added: [HookOrder], removed: Set<String>?) {
    let shorter = try fields.objects("hooks")
    let whole = try fields.objects("activation_hooks") ?? shorter
    let added = try HookReader(catalogue)
      .orders((whole ?? []) + (try fields.objects("add") ?? []))
    return (added, whole == nil ? Set(try fields.strings("remove") ?? []) : nil)
  }

  /// `{"add": [watches], "remove": [numbers]}`; `watch` replaces all.
  package func changeWatches(_ run: Run, _ fields: Fields) async throws(Refusal) -> Int {
    let list = await run.watches
    let whole = try fields.objects("watch")
    let added = try fields.objects("add") ?? []
    let numbers = try fields.integers("remove", in: 0...Int(Int32.max))
    if whole != nil, let other = ["add", "remove"].first(where: { fields[$0] != nil }) {
      throw .conflict(fields: ["watch", other], reason: "watch replaces all of them")
    }
    if let unknown = numbers?.first(where: { !list.contains($0) }) {
      throw .outOfRange(
        field: "remove", found: "\(unknown)",
        allowed: list.numbers.isEmpty
          ? "empty: the run is watched for nothing"
          : "watch_index of one that is in force: \(list.numbers.map(String.init).joined(separator: ", "))"
      )
    }
    let removed = whole == nil ? Set(numbers ?? []) : nil
    var left = list
    left.change(adding: [], removing: removed)
    let others = left.current
    let reader = WatchReader(run.order.model.catalogue)
    let watches = try await turnIfLong(bytes: fields.byteCount) { () throws(Refusal) in
      try reader.watches(
        whole ?? added, member: whole == nil ? "add" : "watch", beside: others)
    }
    var order = run.order
    order.watches = others + watches
    try checkWeight(of: order)
    let change = RunChange.watches(adding: watches, removing: removed, body: fields.value)
    return try await refusing { () throws(RunError) in try await run.change(change) }
  }

  package func intervene(_ run: Run, _ fields: Fields) async throws(Refusal) -> AppliedIntervention
  {
    let nested = try fields.object("intervention")
    let intervention = try await interventionReader(run.order.model.catalogue)
      .intervention(nested ?? fields, defaultID: "intervention_" + Self.token(length: 8))
    let body = PatchRows.completing((nested ?? fields).value, of: intervention)
    let step = try await refusing { () throws(RunError) in
      try await run.change(.intervene(intervention, body: body))
    }
    return AppliedIntervention(id: intervention.id, firstStep: step)
  }

  package func removeIntervention(
    _ run: Run, id: String
  ) async throws(Refusal) -> AppliedIntervention {
    let step = try await refusing { () throws(RunError) in
      try await run.change(.removeIntervention(id: id))
    }
    return AppliedIntervention(id: id, firstStep: step)
  }

  /// Removes every intervention; one that somebody else removes meanwhile is not told.
  package func removeInterventions(_ run: Run) async throws(Refusal) -> [AppliedIntervention] {
    var removed: [AppliedIntervention] = []
    for intervention in await run.facts.interventions {
      do throws(Refusal) {
        removed.append(try await removeIntervention(run, id: intervention.id))
      } catch {
        guard case .run(.engine(.unknownIntervention)) = error else { throw error }
      }
    }
    return removed
  }

  /// A run that goes on from where another one is; sampling, hooks and interventions of the body replace its own.
  package func fork(_ run: Run, _ fields: Fields) async throws(Refusal) -> Run {
    let (branch, ledger) = try await branch(run)
    var parent = run.order
    parent.watches = ledger.watches.current
    var order = try await forkedOrder(
      parent, hooks: ledger.hooks, interventions: ledger.interventions, fields)
    order.recordedRequest = try forkedRequest(ledger, fields, order)
    return try await fork(run, at: branch, order)
  }

  /// Where a run is, and what it was told up to there: both of one moment, whatever others do to it meanwhile.
  func branch(_ run: Run) async throws(Refusal) -> (branch: Branch, ledger: RunLedger) {
    try await refusing { () throws(RunError) in
      try await run.ask { engine, generation throws(EngineError) in
        let (branch, ledger) = try await engine.branch(generation) { run.ledger }
        return (branch: branch, ledger: ledger)
      }
    }
  }

  /// What the recording of a fork begins with; a fork is recorded as its parent is, unless it asks not to be.
  private func forkedRequest(
    _ parent: RunLedger, _ fields: Fields, _ order: RunOrder
  ) throws(Refusal) -> [UInt8]? {
    guard let history = parent.history else {
      guard try fields.bool("record") != true else {
        throw .conflict(fields: ["record"], reason: "the parent of this fork is not recorded")
      }
      return nil
    }
    guard try fields.bool("record") ?? true else { return nil }
    let body = try Fields(PatchRows.completing(fields.value, of: order.interventions))
    return history.request(forkedBy: body.bytes, firstStep: parent.firstStep)
  }

  /// Forks a run with a validated order.
  func fork(_ run: Run, at branch: Branch, _ order: RunOrder) async throws(Refusal) -> Run {
    let place = try takePlace(
      .computed(isPaused: order.startsPaused, mayPause: order.mayPause))
    try checkWeight(of: order)
    let child = try await makeRun(order, at: place, parent: run.id)
    await child.inherit(
      text: branch.pieces, tokens: branch.tokens, step: max(0, branch.step))
    await child.publishStart()
    do {
      child.begin(
        // The order is the parent's with what is different, so its request is the whole of it.
        try await engine.start(from: branch, sink: child) { $0 = order.generation })
    } catch {
      let refusal = Refusal.engine(error)
      child.trace?.fail(refusal.reply.code)
      await child.close()
      throw refusal
    }
    list(child)
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
    order.sampling = try SamplingRequest(fields, of: order.model, over: order.sampling)
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
    if let watches = try fields.objects("watch") {
      order.watches = try WatchReader(order.model.catalogue).watches(watches)
    }
    order.isDetached = try fields.bool("detach") ?? order.isDetached
    order.startsPaused = try fields.choice("start", ["running", "paused"]) == "paused"
    order.awaitsViewer = true
    return order
  }
}
