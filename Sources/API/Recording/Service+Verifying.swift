internal import Streams
internal import Engine
internal import Frames
internal import JSON
internal import OrderedCollections
internal import Recordings
internal import Runs

extension Service {
  /// What a second execution found.
  struct Verification: Sendable {
    var comparedFrames = 0
    /// Results of a job that were computed again.
    var comparedResults = 0
    /// What the recording holds that was not computed again, and why.
    var unverified: [String] = []
    /// Whether the recording was finished; what was cut off is not looked for.
    var isComplete = true
    var difference: Difference?

    struct Difference: Sendable {
      var sequence: UInt64
      /// nil for a record that can't be read.
      var step: Int?
      /// nil where no one hook is concerned.
      var hookID: String?
      var reason: String
    }
  }

  /// Executes a recorded run again, with every change at the step where it was made, and compares each tensor and token.
  func verify(_ id: String) async throws(Refusal) -> Verification {
    let desk = try desk()
    let (file, recorded) = try await files.perform { () throws(Refusal) in
      let file = try desk.reader(id)
      return (file, RecordedTensors(file))
    }
    if let damage = recorded.damage {
      return Verification(isComplete: file.isComplete, difference: damage)
    }
    if let analysis = try recorded.analysis() {
      return try await verify(recorded, analysis, isComplete: file.isComplete)
    }
    guard let firstStep = recorded.firstStep else {
      return Verification(isComplete: file.isComplete)
    }
    let model = try await model(hash: recorded.modelHash, isWhole: recorded.isWholeHash)
    guard let model else { throw .modelNotFound(recorded.model) }
    let plan = try await plan(recorded.history, model: model, depth: 0)
    let run = try await begin(plan, at: firstStep)
    let reader = TopicReader(run.topic)
    var again = RecordedTensors.Comparison()
    while let items = await reader.next() {
      for item in items { again.add(item) }
    }
    let (computed, timeline) = (again, plan.timeline)
    var found = try await files.perform { () throws(Refusal) in
      recorded.compare(with: computed, timeline: timeline)
    }
    found.isComplete = file.isComplete
    return found
  }

  /// Computes a recorded job again, and compares what it comes to.
  private func verify(
    _ recorded: RecordedTensors, _ analysis: Fields, isComplete: Bool
  ) async throws(Refusal) -> Verification {
    var found = Verification(isComplete: isComplete)
    found.unverified = [
      "analysis.progress and analysis.rows: they tell of the way, and the result alone is computed again"
    ]
    guard let result = recorded.result else {
      found.unverified.append("the result: the job ended without one, or the recording before it")
      return found
    }
    let model = try await model(hash: recorded.modelHash, isWhole: recorded.isWholeHash)
    guard let model else { throw .modelNotFound(recorded.model) }
    let json = try await computed(analysis, on: model)
    let again = (try? JSONValue(parsing: json))?.members ?? []
    // A graph that is made again has a name of its own, and so has a model.
    for member in again where !["type", "slug", "model"].contains(member.name) {
      guard result.json[member.name] == member.value else {
        found.difference = .init(
          sequence: result.sequence, reason: "\(member.name) of the result is another")
        return found
      }
    }
    found.comparedResults = 1
    return found
  }

  /// What an analysis comes to; nothing of it is kept.
  private func computed(
    _ analysis: Fields, on model: LoadedModel
  ) async throws(Refusal) -> [UInt8] {
    guard case .object(var members) = analysis.value else { throw .missing(field: "analysis") }
    members["model"] = .string(model.info.id)
    let fields = try Fields(.object(members))
    let name = try fields.string("analysis") ?? ""
    guard name == GraphRequest.name else {
      return try await passAnalysis(name, fields).run(on: engine) { _ in }
    }
    let (_, tokens) = try await graphSource(fields)
    let request = try GraphRequest(fields, model: model, tokens: tokens, budget: captureBudget)
    return try await KeptGraph.make(request, slug: "again", on: engine, created: clock, owner: nil)
      .result
  }

  /// The loaded model that a recording was made with, whatever it is called now.
  func model(hash: String?, isWhole: Bool) async throws(Refusal) -> LoadedModel? {
    guard isWhole else { return engine.models.first { $0.info.sampleHash == hash } }
    for model in engine.models {
      // One whose files have changed under it is nobody's.
      let own = try? await model.digest.value()
      guard let own, own == hash else { continue }
      return model
    }
    return nil
  }

  /// A second execution: one run, or a fork of one.
  private struct Plan: Sendable {
    var order: RunOrder
    var timeline: RunTimeline
    /// What it forks from, and that one's first own step; at most one.
    var parent: [(plan: Plan, step: Int?)] = []
  }

  /// Forks of forks that are followed; each takes a run.
  private static let deepestFork = 32

  private func plan(
    _ history: RunHistory, model: LoadedModel, depth: Int
  ) async throws(Refusal) -> Plan {
    guard depth < Self.deepestFork else {
      throw .outOfRange(
        field: "parent", found: "\(depth) forks", allowed: "at most \(Self.deepestFork)")
    }
    var plan: Plan
    if let (body, history, step) = try history.fork() {
      let parent = try await self.plan(history, model: model, depth: depth + 1)
      let current = parent.timeline.current
      let order = try await forkedOrder(
        parent.order, hooks: current.hooks, interventions: current.interventions, body)
      plan = Plan(order: order, timeline: RunTimeline(order), parent: [(parent, step)])
    } else {
      let request = try RunRequest(
        Fields(body: history.request), model: model, registered: hooks, time: Int64(clock))
      let order = try await self.order(request)
      plan = Plan(order: order, timeline: RunTimeline(order))
    }
    for change in history.changes { try await apply(change, to: &plan.timeline, model: model) }
    plan.order.hooks = plan.timeline.hooks
    plan.order.interventions = plan.timeline.interventions
    plan.order.recordedRequest = nil
    plan.order.isDetached = false
    plan.order.awaitsViewer = false
    plan.order.startsPaused = false
    // What was found is in the recording; a second execution is to reach its end.
    plan.order.watches = []
    return plan
  }

  private func apply(
    _ change: [UInt8], to timeline: inout RunTimeline, model: LoadedModel
  ) async throws(Refusal) {
    let fields = try Fields(body: change)
    let range = 0...Int(Int32.max)
    let step = try fields.integer("from_step", in: range) ?? 0
    switch try fields.string("change") {
    case "hooks":
      let (added, removed) = try hookChange(fields, catalogue: model.catalogue)
      timeline.change(from: step, adding: added, removing: removed)
    case "remove_intervention":
      timeline.remove(try fields.string("intervention_id") ?? "", from: step)
    // What was found is in the recording; a second execution does not look for it.
    case "watch": break
    case "rewind": timeline.rewind(to: try fields.integer("to_step", in: range) ?? 0)
    default:
      let intervention = try await interventionReader(model.catalogue)
        .intervention(fields, defaultID: "")
      timeline.add(intervention, from: step)
    }
  }

  /// Starts a plan; one with a parent is forked from it before a step.
  private func begin(_ plan: Plan, at step: Int) async throws(Refusal) -> Run {
    guard case (var parent, let first)? = plan.parent.first else {
      return try await start(plan.order)
    }
    parent.order.startsPaused = true
    parent.order.isDetached = true
    let run = try await begin(parent, at: first ?? step)
    defer { run.cancel() }
    try await advance(run, by: step - (first ?? step), to: step - 1)
    return try await fork(run, at: try await branch(run).branch, plan.order)
  }

  /// Computes some passes of a paused run and waits for the last of them.
  private func advance(_ run: Run, by count: Int, to last: Int) async throws(Refusal) {
    guard count > 0 else { return }
    let reader = TopicReader(run.topic)
    try await step(run, Fields(body: Array(#"{"count":\#(count)}"#.utf8)))
    while let items = await reader.next() {
      for item in items where item.type == EventType.runPaused.rawValue {
        let event = try? JSONValue(parsing: item.text)
        if event?["step"]?.integer == Int64(last) { return }
      }
    }
  }
}
