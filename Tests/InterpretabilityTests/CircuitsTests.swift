import Engine
import Foundation
import Hooks
import Interpretability
import TestKit
import Testing
import Tokenizers

/// The analyses against `circuits.json`, which the bundled model's recipe computes with PyTorch.
@Suite struct `Circuits of the bundled model` {
  private struct Truth: Decodable {
    struct Heads: Decodable {
      let sequences: [[Token]]
      let previous_token: [[Float]]
      let duplicate_token: [[Float]]
      let induction: [[Float]]
    }
    struct Prompt: Decodable {
      let ids: [Token]
      let answer_id: Token
      let wrong_id: Token
      let logit_difference: Float
    }
    struct IndirectObject: Decodable {
      let prompts: [Prompt]
      let clean: Float
      let head_zero: [[Float]]
      let head_mean: [[Float]]
      let mlp_zero: [Float]
      let mlp_mean: [Float]
    }
    struct Patching: Decodable {
      struct Pair: Decodable {
        let corrupt_ids: [[Token]]
        let effect: [[Float]]
      }
      let swap: Pair
    }
    let heads_by_attention: Heads
    let ioi: IndirectObject
    let patching: Patching
  }

  private func truth() throws -> Truth {
    try JSONDecoder().decode(
      Truth.self,
      from: Data(contentsOf: URL(fileURLWithPath: TestModels.bundled + "/circuits.json")))
  }

  private func engine() async throws -> (Engine, LoadedModel) {
    let engine = Engine(options: EngineOptions(threads: 2))
    return (engine, try await engine.load(path: TestModels.bundled, id: "bundled"))
  }

  private func prompts(_ truth: Truth) -> [ContrastPrompt] {
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
    let scores = try await HeadScores.run(truth.heads_by_attention.sequences, on: engine, model)
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

  @Test func `the parts of a logit difference add up to it`() async throws {
    let truth = try truth()
    let (engine, model) = try await engine()
    for prompt in prompts(truth).prefix(4) {
      let whole = try await prompt.difference(on: engine, model)
      let parts = try await DirectLogitAttribution.run(prompt, on: engine, model)
      #expect(abs(parts.total - whole) < 1e-3 * max(1, abs(whole)))
    }
  }

  @Test func `the last layer of the lens is the model's own answer`() async throws {
    let truth = try truth()
    let (engine, model) = try await engine()
    let prompt = prompts(truth)[0]
    let lens = try await LogitLens.run(prompt.tokens, top: 3, on: engine, model)
    #expect(lens.layers.count == model.info.layers)
    let last = try #require(lens.layers.last?.last?.first)
    let log = try await run(prompt.tokens, engine, model)
    #expect(last.token == log)
  }

  private func run(_ tokens: [Token], _ engine: Engine, _ model: LoadedModel) async throws -> Token
  {
    let logits = try await PromptPass.run(
      tokens, on: engine, model, capturing: [.init(.logits)], positions: .last)
    let scores = try #require(logits.tensors[.init(.logits)]?.values)
    return Token(try #require(scores.indices.max { scores[$0] < scores[$1] }))
  }
}
