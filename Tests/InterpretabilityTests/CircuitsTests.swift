import Engine
import Foundation
import Hooks
import Interpretability
import Synchronization
import TestKit
import Testing
import Tokenizers

/// The analyses against `circuits.json`, which the bundled model's recipe computes with PyTorch.
@Suite struct `Circuits of the bundled model` {
  private func truth() throws -> CircuitsTruth { try CircuitsTruth.bundled() }

  private func engine() async throws -> (Engine, LoadedModel) {
    let engine = Engine(options: EngineOptions(threads: 2))
    return (engine, try await engine.load(path: TestModels.bundled, id: "bundled"))
  }

  private func prompts(_ truth: CircuitsTruth) -> [ContrastPrompt] {
    truth.ioi.prompts.map {
      ContrastPrompt(tokens: $0.ids, answer: $0.answer_id, wrong: $0.wrong_id)
    }
  }

  private func expect(_ found: [Float], _ expected: [Float], within tolerance: Float) {
    #expect(found.count == expected.count)
    let difference = zip(found, expected).map { abs($0 - $1) }.max() ?? 0
    #expect(difference <= tolerance, "differs by \(difference)")
  }

  @Test func `heads attend as PyTorch says`() async throws {
    let truth = try truth()
    let (engine, model) = try await engine()
    let scores = try #require(
      try await HeadScores.run(truth.heads_by_attention.sequences, on: engine, model))
    expect(
      scores.previousToken.flatMap { $0 },
      truth.heads_by_attention.previous_token.flatMap { $0 }, within: 1e-4)
    expect(
      scores.duplicateToken.flatMap { $0 },
      truth.heads_by_attention.duplicate_token.flatMap { $0 }, within: 1e-4)
    expect(
      scores.induction.flatMap { $0 }, truth.heads_by_attention.induction.flatMap { $0 },
      within: 1e-4)
  }

  @Test func `each prompt has the logit difference that PyTorch computes`() async throws {
    let truth = try truth()
    let (engine, model) = try await engine()
    var found: [Float] = []
    for prompt in prompts(truth) {
      found.append(try await prompt.difference(on: engine, model))
    }
    expect(found, truth.ioi.prompts.map(\.logit_difference), within: 1e-3)
  }

  @Test func `ablated heads and feed-forward parts matter as much as PyTorch says`() async throws {
    let truth = try truth()
    let (engine, model) = try await engine()
    let layers = [10, 11]
    for (change, heads, mlps) in [
      (Sweep.Change.zero, truth.ioi.head_zero, truth.ioi.mlp_zero),
      (.mean, truth.ioi.head_mean, truth.ioi.mlp_mean),
    ] {
      let byHead = Sweep.Plan(
        prompts: prompts(truth), change: change, site: .headOutput, layers: layers, axis: .head)
      let found = try await Sweep.run(byHead, on: engine, model)
      #expect(abs(found.clean - truth.ioi.clean) < 1e-3 && found.corrupted == nil)
      expect(found.effect.flatMap { $0 }, layers.flatMap { heads[$0] }, within: 2e-3)
      let byLayer = Sweep.Plan(
        prompts: prompts(truth), change: change, site: .mlpOutput, layers: layers, axis: .layer)
      expect(
        try await Sweep.run(byLayer, on: engine, model).effect.flatMap { $0 },
        layers.map { mlps[$0] }, within: 2e-3)
    }
  }

  @Test func `patched places restore as much as PyTorch says`() async throws {
    let truth = try truth()
    let (engine, model) = try await engine()
    let plan = Sweep.Plan(
      prompts: prompts(truth), corrupted: truth.patching.swap.corrupt_ids, change: .patch,
      site: .residualPost, layers: [11], axis: .position)
    let counter = Mutex(0)
    let found = try await Sweep.run(plan, on: engine, model) { done in
      counter.withLock { $0 = done }
    }
    expect(found.effect[0], truth.patching.swap.effect[11], within: 2e-3)
    expect(
      [found.clean, found.corrupted ?? .nan],
      [truth.patching.swap.clean, truth.patching.swap.corrupt], within: 1e-3)
    #expect(counter.withLock(\.self) == plan.passes(model.catalogue))
  }

  @Test func `a patched head gives back what it wrote, and all heads of a layer what it added`()
    async throws
  {
    let truth = try truth()
    let (engine, model) = try await engine()
    func effect(_ site: HookSite, _ axis: Sweep.Axis) async throws -> [Float] {
      let plan = Sweep.Plan(
        prompts: Array(prompts(truth).prefix(2)), corrupted: truth.patching.swap.corrupt_ids,
        change: .patch, site: site, layers: [9], axis: axis)
      return try await Sweep.run(plan, on: engine, model).effect[0]
    }
    let heads = try await effect(.headOutput, .head)
    #expect(heads.count == 4 && heads.contains { abs($0) > 0.01 })
    // Nothing lies between the heads' outputs and what the layer adds but one linear map.
    expect(
      try await effect(.headOutput, .layer), try await effect(.attentionAdded, .layer),
      within: 1e-4)
    #expect(try await effect(.value, .head).count == 2)
  }

  @Test func `a sweep whose task is cancelled ends early`() async throws {
    let truth = try truth()
    let (engine, model) = try await engine()
    let plan = Sweep.Plan(
      prompts: prompts(truth), corrupted: truth.patching.swap.corrupt_ids, change: .patch,
      site: .residualPost, layers: Array(0..<24), axis: .position)
    let task = Task {
      try await Sweep.run(plan, on: engine, model) { done in
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

  @Test func `each part of a logit difference is what PyTorch says, heads too, and they add up`()
    async throws
  {
    let truth = try truth()
    let (engine, model) = try await engine()
    for one in truth.direct_logit_attribution {
      let prompt = ContrastPrompt(tokens: one.ids, answer: one.answer_id, wrong: one.wrong_id)
      let found = try #require(
        try await DirectLogitAttribution.run(prompt, heads: true, on: engine, model))
      expect([found.embedding], [one.embed], within: 2e-3)
      expect(found.attention, one.attn, within: 2e-3)
      expect(found.mlps, one.mlp, within: 2e-3)
      expect(found.heads.flatMap { $0 }, one.heads.flatMap { $0 }, within: 2e-3)
      expect(found.heads.map { $0.reduce(0, +) }, found.attention, within: 1e-3)
      expect([found.total, found.logit], [one.total, one.total], within: 2e-3)
      #expect(found.positionEmbedding == nil && found.bias == 0)
      let whole = try await prompt.difference(on: engine, model)
      #expect(found.logit == whole)
    }
  }

  @Test func `the lens names at each layer and position the token that PyTorch names`() async throws
  {
    let truth = try truth()
    let (engine, model) = try await engine()
    for one in truth.logit_lens {
      let lens = try await LogitLens.run(one.ids, top: 1, on: engine, model)
      #expect(lens.layers.map { $0.map(\.top.first?.token) } == one.top_ids.map { $0.map { $0 } })
      let probabilities = lens.layers.map { exp($0.last?.top.first?.logprob ?? 0) }
      expect(probabilities, one.last.map(\.probability), within: 1e-3)
    }
  }

  @Test func `the last layer of the lens is the model's own answer`() async throws {
    let truth = try truth()
    let (engine, model) = try await engine()
    let prompt = prompts(truth)[0]
    let lens = try await LogitLens.run(prompt.tokens, top: 3, on: engine, model)
    #expect(lens.layers.count == model.info.layers)
    #expect(lens.positions == Array(prompt.tokens.indices))
    #expect(lens.targets == prompt.tokens.dropFirst().map { $0 } + [nil])
    let last = try #require(lens.layers.last?.last?.top.first)
    let log = try await run(prompt.tokens, engine, model)
    #expect(last.token == log)
    // A target's rank counts the likelier tokens: the likeliest has none.
    for reading in try #require(lens.layers.last?.dropLast()) {
      let target = try #require(reading.target)
      let place = reading.top.firstIndex { $0.token == target.score.token }
      #expect(place.map { $0 == target.rank } ?? (target.rank >= 3))
    }
  }

  private func run(_ tokens: [Token], _ engine: Engine, _ model: LoadedModel) async throws -> Token
  {
    let logits = try await PromptPass.run(
      tokens, on: engine, model, capturing: [.init(.logits)], positions: .last)
    let scores = logits.tensor(.init(.logits)).values
    return Token(try #require(scores.indices.max { scores[$0] < scores[$1] }))
  }
}
