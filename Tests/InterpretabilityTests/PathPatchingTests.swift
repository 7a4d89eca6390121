import Engine
import Foundation
import Hooks
import Synchronization
import TestKit
import Testing
import Tokenizers

@testable import Interpretability

/// Path patching against hooks in PyTorch (`Tests/References/make_paths.py`), and against itself.
@Suite struct `Path patching` {
  /// A file of `make_paths.py`.
  struct Reference: Decodable {
    struct Place: Decodable {
      let part: String
      let layer: Int
      let head: Int?
      let positions: [Int]?
    }
    struct Plan: Decodable {
      let direction: String
      let frozen: [String]
      let senders: [[Place]]
      let receivers: [[Place]]
      let clean: Float
      let corrupted: Float
      let differences: [[Float?]]
    }
    let clean: [[Token]]
    let corrupted: [[Token]]
    let answers: [Token]
    let wrong: [Token]
    let plans: [Plan]
  }

  /// The committed file of the bundled model, and those of families where they were made.
  static let cases: [(checkpoint: String, paths: String)] =
    [(TestModels.bundled, TestModels.root + "/Tests/References/bundled/paths.json")]
    + ReferenceSet.all.map { ($0.checkpoint, $0.answers + ".paths.json") }
    .filter { FileManager.default.fileExists(atPath: $0.1) }

  private func plan(_ plan: Reference.Plan, of file: Reference) throws -> PathPatching.Plan {
    let senders = try plan.senders.map { group in
      try group.map {
        PathSender(
          try #require(PathSender.Part(rawValue: $0.part)), layer: $0.layer, head: $0.head,
          positions: $0.positions)
      }
    }
    let receivers = try plan.receivers.map { group in
      try group.map {
        PathReceiver(
          try #require(PathReceiver.Part(rawValue: $0.part)), layer: $0.layer, head: $0.head,
          positions: $0.positions)
      }
    }
    return PathPatching.Plan(
      prompts: file.clean.indices.map {
        ContrastPrompt(tokens: file.clean[$0], answer: file.answers[$0], wrong: file.wrong[$0])
      },
      corrupted: file.corrupted, senders: senders, receivers: receivers,
      direction: try #require(PathPatching.Direction(rawValue: plan.direction)),
      frozen: Set(try plan.frozen.map { try #require(PathPatching.Part(rawValue: $0)) }))
  }

  @Test(arguments: cases.indices) func `every path does what PyTorch says, in every family`(
    index: Int
  ) async throws {
    let one = Self.cases[index]
    let file = try JSONDecoder().decode(
      Reference.self, from: Data(contentsOf: URL(fileURLWithPath: one.paths)))
    let engine = Engine(options: EngineOptions(threads: 1))
    let model = try await engine.load(path: one.checkpoint, id: "model")
    for expected in file.plans {
      let plan = try plan(expected, of: file)
      let counter = Mutex(0)
      let found = try await PathPatching.run(plan, on: engine, model) { done in
        counter.withLock { $0 = done }
      }
      #expect(counter.withLock(\.self) == plan.passes(model.catalogue))
      let base = expected.direction == "noising" ? expected.clean : expected.corrupted
      // Paths whose effect is small beside the logits are sums that cancel: float32 leaves this much of them.
      let scale = max(abs(expected.clean), abs(expected.corrupted))
      let tolerance = 1e-4 * max(scale, 0.1)
      let name = "\(one.checkpoint) \(expected.direction) \(expected.frozen)"
      #expect(abs(found.clean - expected.clean) <= tolerance, "\(name)")
      #expect(abs(found.corrupted - expected.corrupted) <= tolerance, "\(name)")
      let (nothing, wanted) = (found.differences, expected.differences)
      #expect(
        nothing.map { $0.map { $0 == nil } } == wanted.map { $0.map { $0 == nil } }, "\(name)")
      let pairs = zip(found.differences.joined(), expected.differences.joined()).compactMap {
        pair in pair.0.flatMap { one in pair.1.map { (one, $0) } }
      }
      let worst = pairs.map { abs($0 - $1) }.max() ?? .infinity
      #expect(worst <= tolerance, "\(name) differs by \(worst) of \(scale)")
      #expect(pairs.contains { abs($1 - base) > 20 * tolerance }, "\(name) tells nothing")
    }
  }

  private func bundled() async throws -> (CircuitsTruth, Engine, LoadedModel) {
    let engine = Engine(options: EngineOptions(threads: 2))
    let model = try await engine.load(path: TestModels.bundled, id: "bundled")
    return (try CircuitsTruth.bundled(), engine, model)
  }

  private func plan(
    _ truth: CircuitsTruth, corrupted: [Token], _ senders: [[PathSender]],
    _ receivers: [[PathReceiver]], _ direction: PathPatching.Direction = .noising,
    frozen: Set<PathPatching.Part> = [.heads, .mlps]
  ) -> PathPatching.Plan {
    let prompt = truth.ioi.prompts[0]
    return PathPatching.Plan(
      prompts: [
        ContrastPrompt(tokens: prompt.ids, answer: prompt.answer_id, wrong: prompt.wrong_id)
      ], corrupted: [corrupted], senders: senders, receivers: receivers, direction: direction,
      frozen: frozen)
  }

  @Test func `a prompt that is not corrupted changes nothing, to the last bit`() async throws {
    let (truth, engine, model) = try await bundled()
    let own = truth.ioi.prompts[0].ids
    let plan = plan(
      truth, corrupted: own, [[PathSender(.embedding)], [PathSender(.head, layer: 3, head: 1)]],
      [[PathReceiver(.query, layer: 9)], [PathReceiver(.mlp, layer: 4)], [PathReceiver(.logits)]])
    let found = try await PathPatching.run(plan, on: engine, model)
    #expect(found.clean == found.corrupted)
    #expect(found.differences.joined().allSatisfy { $0 == found.clean })
  }

  @Test func `with nothing held, a path to the logits is the place patched`() async throws {
    let (truth, engine, model) = try await bundled()
    let corrupted = truth.patching.swap.corrupt_ids[0]
    let plan = plan(
      truth, corrupted: corrupted, [[PathSender(.head, layer: 9)]], [[PathReceiver(.logits)]],
      .denoising, frozen: [])
    let found = try await PathPatching.run(plan, on: engine, model)
    let sweep = Sweep.Plan(
      prompts: plan.prompts, corrupted: plan.corrupted, change: .patch, site: .headOutput,
      layers: [9], axis: .layer)
    let patched = try await Sweep.run(sweep, on: engine, model)
    #expect(found.differences == patched.differences.map { $0.map { $0 } })
    #expect(found.effect == patched.effect.map { $0.map { $0 } })
  }

  @Test func `a path whose task is cancelled ends early`() async throws {
    let (truth, engine, model) = try await bundled()
    let plan = plan(
      truth, corrupted: truth.patching.swap.corrupt_ids[0],
      (0..<20).map { [PathSender(.mlp, layer: $0)] }, [[PathReceiver(.value, layer: 23)]])
    let task = Task {
      try await PathPatching.run(plan, on: engine, model) { done in
        #expect(done <= 3)
        if done == 3 { withUnsafeCurrentTask { $0?.cancel() } }
      }
    }
    let error = await #expect(throws: EngineError.self) { try await task.value }
    guard case .cancelled = error else {
      Issue.record("ended with \(String(describing: error))")
      return
    }
  }
}
