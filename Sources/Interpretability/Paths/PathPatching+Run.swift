package import Engine
internal import Hooks
internal import Tokenizers

extension PathPatching {
  /// Runs all passes of a plan, one behind the other, as ordinary generations of the engine.
  ///
  /// A cancelled task ends it between two passes, or two chunks of a long prompt.
  /// - Parameter progress: told after each pass how many are done.
  /// - Throws: ``EngineError``, as of any pass.
  package static func run(
    _ plan: Plan, on engine: Engine, _ model: LoadedModel,
    progress: @Sendable (Int) async -> Void = { _ in }
  ) async throws(EngineError) -> PathPatching {
    var work = PathWork(plan, engine, model)
    for index in plan.prompts.indices { try await work.measure(index, progress) }
    return PathPatching(
      clean: work.clean, corrupted: work.corrupted, direction: plan.direction,
      differences: work.differences)
  }
}

/// The passes of a plan, and what they have told.
private struct PathWork {
  private let plan: PathPatching.Plan
  private let engine: Engine
  private let model: LoadedModel
  private let share: Float
  private var done = 0
  private(set) var clean: Float = 0
  private(set) var corrupted: Float = 0
  private(set) var differences: [[Float?]]

  private static let logits = HookPoint(.logits)

  init(_ plan: PathPatching.Plan, _ engine: Engine, _ model: LoadedModel) {
    self.plan = plan
    self.engine = engine
    self.model = model
    share = 1 / Float(max(plan.prompts.count, 1))
    differences = plan.senders.indices.map { sender in
      plan.receivers.indices.map { plan.connects(sender, $0, model.catalogue) ? 0 : nil }
    }
  }

  mutating func measure(
    _ index: Int, _ progress: @Sendable (Int) async -> Void
  ) async throws(EngineError) {
    let prompt = plan.prompts[index]
    let other = ContrastPrompt(
      tokens: plan.corrupted[index], answer: prompt.answer, wrong: prompt.wrong)
    let isNoising = plan.direction == .noising
    let (base, source) = isNoising ? (prompt, other) : (other, prompt)
    let held = try await pass(base, plan.basePoints(model.catalogue), [], progress)
    let taken = try await pass(source, plan.sourcePoints, [], progress)
    clean += share * (isNoising ? held : taken).difference
    corrupted += share * (isNoising ? taken : held).difference
    for sender in plan.senders.indices {
      let reached = plan.receivers.indices.filter { differences[sender][$0] != nil }
      guard !reached.isEmpty else { continue }
      let points = Set(reached.flatMap { plan.receivers[$0].compactMap(\.point) })
      let edits = held.freezing() + plan.senders[sender].enumerated().map { taken.edit(of: $1, $0) }
      let read = try await pass(base, Array(points), edits, progress)
      for receiver in reached {
        let found: Float
        if plan.isLogits(receiver) {
          found = read.difference
        } else {
          let edits = plan.receivers[receiver].enumerated().compactMap { read.edit(of: $1, $0) }
          found = try await pass(base, [], edits, progress).difference
        }
        differences[sender][receiver]? += share * found
      }
    }
  }

  private mutating func pass(
    _ prompt: ContrastPrompt, _ points: [HookPoint], _ edits: [Intervention],
    _ progress: @Sendable (Int) async -> Void
  ) async throws(EngineError) -> PathRows {
    guard !Task.isCancelled else { throw .cancelled }
    let captures =
      points.map { CaptureSpec(analysing: $0) } + [CaptureSpec(analysing: Self.logits, .last)]
    let pass = try await PromptPass.run(
      prompt.tokens, on: engine, model, captures: captures, interventions: edits)
    let difference = try prompt.difference(of: pass.tensor(Self.logits).values, model)
    var rows: [HookPoint: PatchedRows] = [:]
    for point in points {
      rows[point] = PatchedRows(
        values: pass.tensor(point).positionMajor, width: model.catalogue.width(of: point.site),
        firstPosition: 0)
    }
    done += 1
    await progress(done)
    return PathRows(difference: difference, rows: rows)
  }
}

/// What one pass had at the points that matter, as rows for another.
private struct PathRows {
  let difference: Float
  let rows: [HookPoint: PatchedRows]

  /// Everything held where this pass had it.
  func freezing() -> [Intervention] {
    rows.map { point, rows in
      Intervention(id: "held.\(point.name)", point: point, change: Patch(rows))
    }
  }

  /// A sender gives what it gave in this pass.
  func edit(of sender: PathSender, _ number: Int) -> Intervention {
    edit("sender.\(number)", sender.point, sender.head, sender.positions)
  }

  /// A receiver reads what it read in this pass; nil for the logits.
  func edit(of receiver: PathReceiver, _ number: Int) -> Intervention? {
    receiver.point.map { edit("receiver.\(number)", $0, receiver.head, receiver.positions) }
  }

  private func edit(
    _ id: String, _ point: HookPoint, _ head: Int?, _ positions: [Int]?
  ) -> Intervention {
    let none = PatchedRows(values: [], width: 0, firstPosition: 0)
    return Intervention(
      id: id, point: point, change: Patch(rows[point] ?? none),
      positions: positions.map { .list($0) } ?? .all, heads: head.map { [$0] })
  }
}
