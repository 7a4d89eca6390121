import Foundation

/// `circuits.json` of the bundled model: what the recipe computed with PyTorch.
package struct CircuitsTruth: Decodable, Sendable {
  package struct Heads: Decodable, Sendable {
    package let sequences: [[Int32]]
    package let previous_token: [[Float]]
    package let duplicate_token: [[Float]]
    package let induction: [[Float]]
  }
  package struct Prompt: Decodable, Sendable {
    package let text: String
    package let ids: [Int32]
    package let answer: String
    package let answer_id: Int32
    package let wrong: String
    package let wrong_id: Int32
    package let logit_difference: Float
  }
  package struct IndirectObject: Decodable, Sendable {
    package let prompts: [Prompt]
    package let clean: Float
    package let head_zero: [[Float]]
    package let head_mean: [[Float]]
    package let mlp_zero: [Float]
    package let mlp_mean: [Float]
  }
  package struct Patching: Decodable, Sendable {
    package struct Pair: Decodable, Sendable {
      package let corrupt_ids: [[Int32]]
      package let clean: Float
      package let corrupt: Float
      package let effect: [[Float]]
    }
    package let swap: Pair
  }
  package struct Attribution: Decodable, Sendable {
    package let ids: [Int32]
    package let answer_id: Int32
    package let wrong: String
    package let wrong_id: Int32
    package let total: Float
    package let embed: Float
    package let attn: [Float]
    package let mlp: [Float]
    package let heads: [[Float]]
  }
  package struct Lens: Decodable, Sendable {
    /// Text, logit, probability.
    package struct Word: Decodable, Sendable {
      package let probability: Float
      package init(from decoder: any Decoder) throws {
        var list = try decoder.unkeyedContainer()
        _ = try list.decode(String.self)
        _ = try list.decode(Float.self)
        probability = try list.decode(Float.self)
      }
    }
    package let ids: [Int32]
    package let top_ids: [[Int32]]
    package let last: [Word]
  }

  package let heads_by_attention: Heads
  package let direct_logit_attribution: [Attribution]
  package let logit_lens: [Lens]
  package let ioi: IndirectObject
  package let patching: Patching

  package static func bundled() throws -> CircuitsTruth {
    try JSONDecoder().decode(
      CircuitsTruth.self,
      from: Data(contentsOf: URL(fileURLWithPath: TestModels.bundled + "/circuits.json")))
  }

  /// Shannon's entropy of a row of probabilities, in nats.
  package static func entropy(_ row: ArraySlice<Float>) -> Float {
    -row.filter { $0 > 0 }.map { $0 * log($0) }.reduce(0, +)
  }
}
