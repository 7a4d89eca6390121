import Engine
import Foundation
import Hooks
import TestKit
import Testing
import Tokenizers

@testable import Interpretability

/// What replacing heads changes to first order, against passes in which it is done a little, and against PyTorch's ablations.
@Suite struct `Effects of heads` {
  /// Largest difference, as a share of the model's largest effect: what is left of float32 by a difference of two passes.
  private static let tolerance: Float = 5e-3
  private static let step: Float = 0.02

  struct Answers: Decodable {
    struct Prompt: Decodable { let ids: [Token] }
    let prompts: [Prompt]
  }

  /// The bundled model, and one checkpoint of every family where they were made.
  static let checkpoints: [(path: String, answers: String?)] =
    [(TestModels.bundled, nil)]
    + ReferenceSet.all.filter { $0.answers.hasSuffix("/hf-f32") }.map {
      ($0.checkpoint, $0.answers + ".json")
    }

  private func target(_ token: Token, less versus: Token) -> AttributionGraph.Target {
    AttributionGraph.Target(token: token, versus: versus, probability: 1, weight: 1, logit: 0)
  }

  @Test(arguments: checkpoints.indices)
  func `they are the slope of the metric with feed-forward parts held, in every family`(
    index: Int
  ) async throws {
    let one = Self.checkpoints[index]
    let engine = Engine(options: EngineOptions(threads: 1))
    let model = try await engine.load(path: one.path, id: "model")
    let tokens: [Token]
    if let answers = one.answers {
      let data = try Data(contentsOf: URL(fileURLWithPath: answers))
      tokens = try JSONDecoder().decode(Answers.self, from: data).prompts[0].ids
    } else {
      tokens = try CircuitsTruth.bundled().ioi.prompts[0].ids
    }
    let (answer, wrong): (Token, Token) = (tokens[1], tokens[4] == tokens[1] ? 9 : tokens[4])
    let rows = try await ReplacedRows.find(
      .zero, positions: tokens.count, own: tokens, on: engine, model)
    let found = try #require(
      try await HeadEffects.find(
        tokens, [target(answer, less: wrong)], rows, on: engine, model)
    ).values
    let metric = try await metric(tokens, answer, wrong, on: engine, model)
    let most = found.joined().map(\.magnitude).max() ?? 0
    #expect(found.count == model.catalogue.layers && most > 0)
    for layer in Set([0, 1, model.catalogue.layers / 2, model.catalogue.layers - 1]) {
      for head in 0..<model.catalogue.heads {
        let less = try await metric(layer, head, 1 - Self.step)
        let more = try await metric(layer, head, 1 + Self.step)
        let slope = (less - more) / (2 * Self.step)
        #expect(
          abs(found[layer][head] - slope) <= Self.tolerance * most,
          "\(one.path) \(layer).\(head): \(found[layer][head]), by passes \(slope), of \(most)")
      }
    }
  }

  /// The difference of two logits before caps, with a head's output multiplied and all feed-forward parts as they were.
  private func metric(
    _ tokens: [Token], _ answer: Token, _ wrong: Token, on engine: Engine, _ model: LoadedModel
  ) async throws -> (_ layer: Int, _ head: Int, _ factor: Float) async throws -> Float {
    let layers = 0..<model.catalogue.layers
    let points = layers.map { HookPoint(.mlpAdded, layer: $0) }
    let whole = try await PromptPass.run(tokens, on: engine, model, capturing: points)
    let held = points.map { point in
      Intervention(
        id: "\(point.layer)", point: point,
        change: Patch(
          PatchedRows(
            values: whole.tensor(point).positionMajor, width: model.catalogue.hiddenSize,
            firstPosition: 0)))
    }
    // A cap is no part of the metric: where there is one, the logit is the last norm's product with the head's row.
    let isCapped = model.catalogue.family == "gemma2"
    let site = HookPoint(isCapped ? .finalNorm : .logits)
    let direction = try #require(
      await engine.lend(model) { lent -> [Float] in
        func row(_ token: Token) -> [Float] {
          lent.unembeddings(of: token..<token + 1, isFolded: false)
        }
        return zip(row(answer), row(wrong)).map { $0 - $1 }
      })
    return { layer, head, factor in
      let edit = Intervention(
        id: "head", point: HookPoint(.headOutput, layer: layer), change: Scale(by: factor),
        heads: [head])
      let values = try await PromptPass.run(
        tokens, on: engine, model, capturing: [site], positions: .last, interventions: held + [edit]
      ).tensor(site).values
      guard isCapped else { return values[Int(answer)] - values[Int(wrong)] }
      return Float(zip(values, direction).reduce(0.0) { $0 + Double($1.0) * Double($1.1) })
    }
  }

  @Test func `most heads that matter the most by PyTorch are among those of the largest effect`()
    async throws
  {
    let truth = try CircuitsTruth.bundled()
    let engine = Engine(options: EngineOptions(threads: 2))
    let model = try await engine.load(path: TestModels.bundled, id: "bundled")
    let prompts = truth.ioi.prompts
    let rows = try await ReplacedRows.find(
      .mean(prompts.map(\.ids)), positions: prompts[0].ids.count, own: prompts[0].ids, on: engine,
      model)
    var sums = [[Float]](repeating: [0, 0, 0, 0], count: 24)
    for prompt in prompts {
      let found = try #require(
        try await HeadEffects.find(
          prompt.ids, [target(prompt.answer_id, less: prompt.wrong_id)], rows, on: engine, model))
      for (layer, heads) in found.values.enumerated() {
        for (head, effect) in heads.enumerated() { sums[layer][head] += effect }
      }
    }
    func heaviest(_ values: [[Float]], _ count: Int) -> Set<[Int]> {
      let places = (0..<24).flatMap { layer in (0..<4).map { [layer, $0] } }
      return Set(
        places.sorted { values[$0[0]][$0[1]].magnitude > values[$1[0]][$1[1]].magnitude }
          .prefix(count))
    }
    let named = heaviest(truth.ioi.head_mean, 10).intersection(heaviest(sums, 12))
    #expect(named.count >= 8, "\(named.sorted { $0[0] < $1[0] })")
  }
}
