internal import Streams
internal import Engine
internal import Frames
internal import JSON
internal import Hooks
internal import Recordings
internal import Runs

extension Service {
  /// What a second execution found.
  struct Verification: Sendable {
    var comparedFrames = 0
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
    let file = try desk().reader(id)
    let recorded = RecordedTensors(file)
    if let damage = recorded.damage {
      return Verification(isComplete: file.isComplete, difference: damage)
    }
    guard let firstStep = recorded.firstStep else {
      return Verification(isComplete: file.isComplete)
    }
    guard let model = try await model(of: recorded) else { throw .modelNotFound(recorded.model) }
    let plan = try await plan(recorded.history, model: model, depth: 0)
    let run = try await begin(plan, at: firstStep)
    let reader = TopicReader(run.topic)
    var again = RecordedTensors.Comparison()
    while let items = await reader.next() {
      for item in items { again.add(item) }
    }
    var found = recorded.compare(with: again, timeline: plan.timeline)
    found.isComplete = file.isComplete
    return found
  }

  /// The loaded model that a recording was made with, whatever it is called now.
  private func model(of recorded: RecordedTensors) async throws(Refusal) -> LoadedModel? {
    guard recorded.isWholeHash else {
      return engine.models.first { $0.info.sampleHash == recorded.modelHash }
    }
    for model in engine.models {
      // One whose files have changed under it is nobody's.
      let hash = try? await model.digest.value()
      guard let hash, hash == recorded.modelHash else { continue }
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

extension RunTimeline {
  init(_ order: RunOrder) {
    self.init(hooks: order.hooks, interventions: order.interventions)
  }
}
