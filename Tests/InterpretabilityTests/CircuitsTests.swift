import Engine
import Foundation
import Hooks
import Interpretability
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
    let layers = 10..<12
    for (kind, heads, mlps) in [
      (Ablation.Kind.zero, truth.ioi.head_zero, truth.ioi.mlp_zero),
      (.mean, truth.ioi.head_mean, truth.ioi.mlp_mean),
    ] {
      let found = try await Ablation.run(
        prompts(truth), kind, layers: layers, on: engine, model)
      #expect(abs(found.clean - truth.ioi.clean) < 1e-3)
      expect(found.heads.flatMap { $0 }, heads[layers].flatMap { $0 }, within: 2e-3)
      expect(found.mlps, Array(mlps[layers]), within: 2e-3)
    }
  }

  @Test func `patched places restore as much as PyTorch says`() async throws {
    let truth = try truth()
    let (engine, model) = try await engine()
    let layers = 11..<12
    let found = try await ResidualPatching.run(
      prompts(truth), corrupted: truth.patching.swap.corrupt_ids, layers: layers, on: engine, model)
    expect(found.effect[0], truth.patching.swap.effect[11], within: 2e-3)
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
