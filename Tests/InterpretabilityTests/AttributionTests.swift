import Engine
import Foundation
import Hooks
import Interpretability
import TestKit
import Testing
import Tokenizers

/// Direct logit attribution in families whose norms have biases, centre, or stand behind a part.
@Suite struct `Attribution in other families` {
  /// Small random models, one a family and one of a quantised format each; none where they were not made.
  static let checkpoints = ReferenceSet.all.filter {
    $0.name.hasSuffix("hf-f32") || $0.name.hasSuffix("Q4_K")
  }

  @Test(arguments: checkpoints.indices)
  func `the parts add up to the score`(index: Int) async throws {
    let engine = Engine(options: EngineOptions(threads: 1))
    let set = Self.checkpoints[index]
    let model = try await engine.load(path: set.checkpoint, id: "model")
    let prompt = ContrastPrompt(tokens: [5, 17, 3, 29, 11], answer: 7, wrong: 9)
    let found = try #require(
      try await DirectLogitAttribution.run(prompt, heads: true, on: engine, model))
    let parts =
      [found.embedding, found.positionEmbedding ?? 0, found.bias] + found.attention + found.mlps
    let magnitude = parts.reduce(0) { $0 + abs($1) }
    // A cap on scores is no sum of parts: what is taken apart is the score before it.
    let uncapped = try await uncappedDifference(prompt, of: set, on: engine, model)
    #expect(
      abs(found.total - uncapped) <= DirectLogitAttribution.tolerance * magnitude, "\(set.name)")
    #expect(found.logit == (try await prompt.difference(on: engine, model)))
    for (heads, whole) in zip(found.heads, found.attention) where !hasAttentionBias(set.name) {
      let magnitude = heads.reduce(0) { $0 + abs($1) }
      #expect(
        abs(heads.reduce(0, +) - whole) <= DirectLogitAttribution.tolerance * max(magnitude, 1))
    }
  }

  /// The difference of the two scores with the checkpoint's `final_logit_softcapping` undone.
  private func uncappedDifference(
    _ prompt: ContrastPrompt, of set: ReferenceSet, on engine: Engine, _ model: LoadedModel
  ) async throws -> Float {
    let logits = HookPoint(.logits)
    let pass = try await PromptPass.run(
      prompt.tokens, on: engine, model, capturing: [logits], positions: .last)
    let scores = pass.tensor(logits).values
    let cap = try cap(of: set)
    func uncapped(_ score: Float) -> Float { cap.map { $0 * atanh(score / $0) } ?? score }
    return uncapped(scores[Int(prompt.answer)]) - uncapped(scores[Int(prompt.wrong)])
  }

  private func cap(of set: ReferenceSet) throws -> Float? {
    let path = set.checkpoint + "/config.json"
    guard FileManager.default.fileExists(atPath: path) else { return nil }
    let data = try Data(contentsOf: URL(filePath: path))
    let members = try JSONSerialization.jsonObject(with: data) as? [String: Any]
    return (members?["final_logit_softcapping"] as? NSNumber)?.floatValue
  }

  private func hasAttentionBias(_ name: String) -> Bool {
    name.hasPrefix("gpt2") || name.hasPrefix("gpt_oss")
  }
}
