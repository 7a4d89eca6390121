package import Engine
package import Hooks
package import Tokenizers

/// What each head and each feed-forward part contributes to a behaviour: the change of the mean logit difference when
/// its output is replaced (Wang and others 2022).
package struct Ablation: Sendable {
  /// What an output is replaced by.
  package enum Kind: Sendable {
    case zero
    /// The mean over the prompts of the undisturbed run, position by position; prompts must be of one length.
    case mean
  }

  /// The mean logit difference without ablation.
  package let clean: Float
  /// `[layer][head]` and `[layer]`: mean difference with the ablation, less `clean`.
  package let heads: [[Float]]
  package let mlps: [Float]

  package static func run(
    _ prompts: [ContrastPrompt], _ kind: Kind, layers: Range<Int>, on engine: Engine,
    _ model: LoadedModel
  ) async throws(EngineError) -> Ablation {
    let clean = try await mean(prompts, [], engine, model)
    var heads: [[Float]] = []
    var mlps: [Float] = []
    for layer in layers {
      let headPoint = HookPoint(.headOutput, layer: layer)
      let mlpPoint = HookPoint(.mlpOutput, layer: layer)
      let replacement = try await changes(
        kind, prompts, headPoint, mlpPoint, engine, model)
      var row: [Float] = []
      for head in 0..<model.info.heads {
        let edit = Intervention(
          id: "ablate", point: headPoint, change: replacement.head, heads: [head])
        row.append(try await mean(prompts, [edit], engine, model) - clean)
      }
      heads.append(row)
      let edit = Intervention(id: "ablate", point: mlpPoint, change: replacement.mlp)
      mlps.append(try await mean(prompts, [edit], engine, model) - clean)
    }
    return Ablation(clean: clean, heads: heads, mlps: mlps)
  }

  private static func mean(
    _ prompts: [ContrastPrompt], _ edits: [Intervention], _ engine: Engine, _ model: LoadedModel
  ) async throws(EngineError) -> Float {
    var sum: Float = 0
    for prompt in prompts {
      sum += try await prompt.difference(on: engine, model, interventions: edits)
    }
    return sum / Float(max(prompts.count, 1))
  }

  private static func changes(
    _ kind: Kind, _ prompts: [ContrastPrompt], _ headPoint: HookPoint, _ mlpPoint: HookPoint,
    _ engine: Engine, _ model: LoadedModel
  ) async throws(EngineError) -> (head: Intervention.Change, mlp: Intervention.Change) {
    guard kind == .mean else { return (.zero, .zero) }
    var heads: [Float] = []
    var mlps: [Float] = []
    for prompt in prompts {
      let pass = try await PromptPass.run(
        prompt.tokens, on: engine, model, capturing: [headPoint, mlpPoint])
      add(positionMajor(pass.tensor(headPoint)), to: &heads, share: prompts.count)
      add(pass.tensor(mlpPoint).values, to: &mlps, share: prompts.count)
    }
    return (
      .patch(
        rows: heads, width: model.catalogue.width(of: .headOutput), firstPosition: 0),
      .patch(rows: mlps, width: model.info.hiddenSize, firstPosition: 0)
    )
  }

  private static func add(_ values: [Float], to sums: inout [Float], share: Int) {
    if sums.isEmpty { sums = Array(repeating: 0, count: values.count) }
    for index in 0..<min(sums.count, values.count) { sums[index] += values[index] / Float(share) }
  }

  /// `[head, position, d_head]` as `[position, head * d_head]`, the order of an intervention's rows.
  private static func positionMajor(_ tensor: CapturedPass.Tensor) -> [Float] {
    let (heads, positions, size) = (
      tensor.dimensions[0], tensor.dimensions[1], tensor.dimensions[2]
    )
    var rows = [Float](repeating: 0, count: tensor.values.count)
    for head in 0..<heads {
      for position in 0..<positions {
        for (element, value) in tensor.row(head * positions + position).enumerated() {
          rows[(position * heads + head) * size + element] = value
        }
      }
    }
    return rows
  }
}
