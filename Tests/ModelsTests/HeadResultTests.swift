import Checkpoints
import Hooks
import Tensors
import TestKit
import Testing

@testable import Models

/// Each head's contribution to the residual stream: transformers' `z` of the head times its columns of W_O.
@Suite struct `What each head writes` {
  /// As of all activations (`Tests/References/README.md`).
  private static let tolerance: Double = 1e-4

  @Test(arguments: ReferenceSet.all.indices)
  func `is z times the head's part of the output projection`(index: Int) throws {
    let set = ReferenceSet.all[index]
    let runner = try ModelRunner(set.checkpoint)
    let answers = try ReferenceAnswers(set.answers + ".json")
    let file = try TensorFile(set.answers + ".safetensors")
    // The answers of real models keep few activations.
    guard file.tensors.keys.contains(where: { $0.hasSuffix("attn.hook_z") }) else { return }
    let prompt = try #require(answers.prompts.indices.last)
    let results = runner.points.filter { $0.site == .headResult }
    #expect(results.count == runner.model.catalogue.layers)
    let run = runner.prefill(answers.prompts[prompt].ids, watching: results)
    var compared = 0
    for point in results {
      let z = file.tensors["prompt\(prompt).\(HookPoint(.headOutput, layer: point.layer).name)"]
      guard let z else { continue }
      compared += 1
      let found = try #require(run.captured[point])
      let expected = product(z, runner, layer: point.layer)
      #expect(
        found.dimensions == [
          runner.model.catalogue.heads, answers.prompts[prompt].ids.count,
          runner.model.catalogue.hiddenSize,
        ])
      let largest = expected.map(abs).max() ?? 1
      let difference = zip(found.values, expected).map { abs(Double($0) - $1) }.max() ?? .infinity
      #expect(
        found.values.count == expected.count && difference <= Self.tolerance * largest,
        "\(set.name) \(point.name): \(difference / largest) of the largest")
    }
    #expect(compared > 0, "\(set.name)")
  }

  /// `[heads, positions, d_model]` in double precision, from weights decoded row by row.
  private func product(_ z: TensorFile.Tensor, _ runner: ModelRunner, layer: Int) -> [Double] {
    let c = runner.model.catalogue
    let weight = runner.model.blocks[layer].attention.output.weight
    let slab = FloatSlab(count: weight.rows * weight.columns)
    let rows = slab.rows(weight.rows, width: weight.columns)
    let all = (0..<Int32(weight.rows)).map { $0 }
    all.withUnsafeBufferPointer { tokens in
      guard let tokens = tokens.baseAddress else { return }
      runner.arithmetic.embed(weight, tokens: tokens, into: rows)
    }
    let positions = z.values.count / (c.heads * c.headDimension)
    return withExtendedLifetime(slab) {
      var out: [Double] = []
      for head in 0..<c.heads {
        for position in 0..<positions {
          // The references keep positions first.
          let start = (position * c.heads + head) * c.headDimension
          for row in 0..<weight.rows {
            var sum = 0.0
            for column in 0..<c.headDimension {
              sum +=
                Double(z.values[start + column])
                * Double(rows.row(row)[head * c.headDimension + column])
            }
            out.append(sum)
          }
        }
      }
      return out
    }
  }

  @Test(arguments: [1, 3, 16, 33, 69])
  func `has the same bits however a prompt is cut`(chunk: Int) throws {
    let runner = try ModelRunner(TestModels.bundled)
    let prompt = `The same request has the same bits`.prompt
    let points = runner.points.filter { $0.site == .headResult }
    let whole = runner.prefill(prompt, watching: points)
    let cut = runner.prefill(prompt, watching: points, chunk: chunk)
    #expect(whole.captured == cut.captured)
    #expect(whole.logits == runner.prefill(prompt).logits)
  }

  @Test func `adds up to the attention's output, less its bias`() throws {
    let runner = try ModelRunner(TestModels.bundled)
    let result = HookPoint(.headResult, layer: 3)
    let output = HookPoint(.attentionOutput, layer: 3)
    let run = runner.prefill(Array(5..<25), watching: [result, output])
    let parts = try #require(run.captured[result])
    let whole = try #require(run.captured[output])
    var sum = [Float](repeating: 0, count: whole.values.count)
    for (index, value) in parts.values.enumerated() { sum[index % sum.count] += value }
    if let bias = runner.model.blocks[3].attention.output.bias {
      for index in sum.indices { sum[index] += bias.pointer[index % bias.count] }
    }
    let largest = whole.values.map(abs).max() ?? 1
    let difference = zip(sum, whole.values).map { abs($0 - $1) }.max() ?? .infinity
    #expect(difference <= Float(Self.tolerance) * largest)
  }
}
