import Checkpoints
import Hooks
import Models
import Tensors
import TestKit
import Testing

/// What transformers computes in float32 on exactly the values a file decodes to, held against the engine.
@Suite struct `Models against transformers` {
  /// Largest difference, as a share of the tensor's largest value (`Tests/References/README.md`).
  static let activationTolerance: Float = 1e-4
  static let logitTolerance: Float = 5e-5

  @Test(arguments: ReferenceSet.all.indices)
  func `every activation, logit and greedy token agrees`(index: Int) throws {
    let set = ReferenceSet.all[index]
    let runner = try ModelRunner(set.checkpoint)
    let answers = try ReferenceAnswers(set.answers + ".json")
    let file = try TensorFile(set.answers + ".safetensors")
    for (number, prompt) in answers.prompts.enumerated() {
      let run = runner.prefill(prompt.ids, watching: runner.points)
      var compared = 0
      for (name, expected) in file.tensors where name.hasPrefix("prompt\(number).") {
        let short = String(name.dropFirst("prompt\(number).".count))
        // Edits have a test of their own; the others are second opinions of other libraries.
        let others = ["edit.", "mlx_lm", "llama_cpp", "transformers_truncated_rope"]
        if others.contains(where: short.hasPrefix) { continue }
        guard let point = runner.point(named: short) else {
          Issue.record("\(set.name): there is no \(name)")
          continue
        }
        // An expert that no token was routed to gives nothing.
        if point.site == .expertOutput, expected.values.isEmpty {
          #expect(run.captured[point] == nil)
          continue
        }
        guard let found = run.captured[point] else {
          Issue.record("\(set.name): nothing captured for \(name)")
          continue
        }
        compared += 1
        compare(found, expected, "\(set.name) \(name)", point.site)
        if point.site == .attentionPattern, runner.model.catalogue.sites.contains(.attentionSink) {
          let sinks = run.captured[HookPoint(.attentionSink, layer: point.layer)]
          compareSinks(try #require(sinks), with: expected, "\(set.name) \(name)")
        }
      }
      #expect(compared > 20, "\(set.name): only \(compared) tensors were compared")
      #expect(runner.greedy(prompt.ids, count: prompt.greedy.count) == prompt.greedy, "\(set.name)")
    }
  }

  /// The interventions whose outcome the references hold, by the name of their logits.
  private func edits(vector: [Float], expertsPerToken: Int) -> [String: Intervention] {
    func edit(
      _ site: HookSite, outside: Bool = false, _ change: some Change,
      positions: Selection.Positions = .all, heads: [Int]? = nil, neurons: [Int]? = nil
    ) -> Intervention {
      Intervention(
        id: "edit", point: HookPoint(site, layer: outside ? -1 : 1), change: change,
        positions: positions, heads: heads, neurons: neurons)
    }
    func scaled(expert: Int, by factor: Float) -> Intervention {
      Intervention(
        id: "edit", point: HookPoint(.expertOutput, layer: 1, expert: expert),
        change: .scale(factor))
    }
    return [
      "add_vec_to_blocks.1.hook_resid_post": edit(
        .residualPost, .add(vector: vector, strength: 1)),
      "zero_head_0_of_blocks.1.attn.hook_z": edit(.headOutput, .zero, heads: [0]),
      "zero_blocks.1.hook_mlp_out": edit(.mlpAdded, .zero),
      "set_position_1_of_blocks.1.hook_resid_pre_to_vec": edit(
        .residualPre, .mean(vector: vector), positions: .list([1])),
      "double_hook_embed": edit(.embedding, outside: true, .scale(2)),
      "halve_ln_final.output": edit(.finalNorm, outside: true, .scale(0.5)),
      "halve_blocks.1.ln1.output": edit(.attentionNorm, .scale(0.5)),
      "zero_head_1_of_blocks.1.attn.hook_q": edit(.query, .zero, heads: [1]),
      "zero_head_0_of_blocks.1.attn.hook_k": edit(.key, .zero, heads: [0]),
      "zero_head_0_of_blocks.1.attn.hook_v": edit(.value, .zero, heads: [0]),
      "halve_head_1_of_blocks.1.attn.hook_attn_scores": edit(
        .attentionScores, .scale(0.5), heads: [1]),
      "zero_head_1_of_blocks.1.attn.hook_pattern": edit(.attentionPattern, .zero, heads: [1]),
      "clamp_blocks.1.mlp.hook_pre": edit(.mlpPre, .clamp(low: -0.1, high: 0.1)),
      "zero_neurons_3_5_of_blocks.1.mlp.hook_post": edit(.mlpPost, .zero, neurons: [3, 5]),
      "ban_experts_0_1_of_blocks.1": edit(.routerLogits, .banExperts([0, 1])),
      "force_first_experts_of_blocks.1": edit(
        .routerLogits, .forceExperts(Array(0..<expertsPerToken))),
      "double_blocks.1.mlp.shared_expert.output": edit(.sharedExpertOutput, .scale(2)),
      "scale_blocks.1.mlp.experts.0_by_0": scaled(expert: 0, by: 0),
      "scale_blocks.1.mlp.experts.2_by_-2": scaled(expert: 2, by: -2),
    ]
  }

  @Test(arguments: ReferenceSet.all.indices)
  func `an intervention has the effect that transformers computes`(index: Int) throws {
    let set = ReferenceSet.all[index]
    let runner = try ModelRunner(set.checkpoint)
    let answers = try ReferenceAnswers(set.answers + ".json")
    let file = try TensorFile(set.answers + ".safetensors")
    let last = try #require(answers.prompts.indices.last)
    let prefix = "prompt\(last).edit."
    let names = file.tensors.keys.filter { $0.hasPrefix(prefix) }.map {
      String($0.dropFirst(prefix.count).dropLast(".logits".count))
    }
    // The real model's answers have no edits.
    guard !names.isEmpty else { return }
    let vector = try #require(file.tensors["prompt\(last).edit_vec"] ?? file.tensors["edit_vec"])
    let edits = edits(
      vector: vector.values, expertsPerToken: runner.model.catalogue.expertsPerToken)
    for name in names {
      let edit = try #require(edits[name], "\(set.name) \(name)")
      try edit.check(runner.model.catalogue)
      let expected = try #require(file.tensors["\(prefix)\(name).logits"])
      let logits = HookPoint(.logits)
      let run = runner.prefill(
        answers.prompts[last].ids, watching: [logits], interventions: [edit])
      compare(
        try #require(run.captured[logits]), expected, "\(set.name) \(name)", .logits)
    }
  }

  /// Shares `[position, head]` are what rows of transformers' pattern `[head, query, key]` lack of 1.
  private func compareSinks(_ found: Captured, with pattern: TensorFile.Tensor, _ name: String) {
    let (heads, keys) = (pattern.shape[0], pattern.shape[2])
    #expect(found.dimensions == [pattern.shape[1], heads])
    for (index, share) in found.values.enumerated() {
      let line = (index % heads * pattern.shape[1] + index / heads) * keys
      let missing = 1 - pattern.values[line..<line + keys].reduce(0, +)
      #expect(abs(share - missing) < Self.activationTolerance, "\(name): \(index)")
    }
  }

  private func compare(
    _ found: Captured, _ expected: TensorFile.Tensor, _ name: String, _ site: HookSite
  ) {
    let values = found.positionMajor(expected.shape)
    guard values.count == expected.values.count else {
      Issue.record("\(name): \(found.dimensions) against \(expected.shape)")
      return
    }
    if site == .expertIndices {
      #expect(values == expected.values, "\(name)")
      return
    }
    let largest = expected.values.filter(\.isFinite).map(abs).max() ?? 1
    let difference = zip(values, expected.values).map { abs($0 - $1) }.max() ?? 0
    let tolerance = site == .logits ? Self.logitTolerance : Self.activationTolerance
    #expect(difference <= tolerance * largest, "\(name): \(difference / largest) of the largest")
  }
}
