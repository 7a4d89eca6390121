internal import Models
internal import Tensors

/// What the products of a model's passes do with activations, by how its weights are stored.
package struct ModelPrecision: Sendable, Equatable {
  /// Products that do the same with weights that are stored alike.
  package struct Part: Sendable, Equatable {
    /// How the weights are stored, such as `Q4_K`.
    package let weights: String
    /// Of all numbers that a pass multiplies with, experts it does not choose included; 0 to 1.
    package let share: Double
    /// What activations of prompts are multiplied as, and those of tokens being decoded: `float32`, `bfloat16` or `int8`.
    package let prompt: String
    package let decode: String
  }

  /// The largest share first.
  package let parts: [Part]

  /// Of what multiplies nothing.
  static let none = ModelPrecision(parts: [])

  /// `exact`, or `fast` where anything is rounded.
  package var numerics: String {
    let exact = ProductPrecision.float32.rawValue
    let isExact = parts.allSatisfy { $0.prompt == exact && $0.decode == exact }
    return (isExact ? Numerics.exact : .fast).rawValue
  }
}

extension ModelPrecision {
  /// What an arithmetic with these roundings does with a model.
  init(of model: LanguageModel, _ roundings: Roundings) {
    struct Kind: Hashable {
      let weights: String
      let prompt: ProductPrecision
      let decode: ProductPrecision
    }
    var numbers: [Kind: Int] = [:]
    for product in model.products {
      let w = product.weights
      let kind = Kind(
        weights: w.encoding.name, prompt: roundings.precision(of: w, policy: product.promptPolicy),
        decode: roundings.precision(of: w, policy: .single))
      numbers[kind, default: 0] += w.rows * w.columns
    }
    let total = Double(max(numbers.values.reduce(0, +), 1))
    parts = numbers.map { kind, count in
      // Four digits tell them apart and are read by people.
      let share = (Double(count) / total * 1e4).rounded() / 1e4
      return Part(
        weights: kind.weights, share: share, prompt: kind.prompt.rawValue,
        decode: kind.decode.rawValue)
    }.sorted { ($1.share, $0.weights) < ($0.share, $1.weights) }
  }
}
