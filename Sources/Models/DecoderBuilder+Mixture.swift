internal import Checkpoints

extension DecoderBuilder {
  /// A router and experts without biases, as Mixtral and Qwen have them.
  ///
  /// - Parameter parent: the module that Hugging Face keeps the router `gate` and the `experts` in.
  func mixture(_ block: WeightScope, of parent: String) throws(CheckpointError) -> MixtureOfExperts
  {
    let c = configuration
    func experts(_ projection: ExpertProjection) throws(CheckpointError) -> [Linear] {
      let isDown = projection == .down
      return try block.experts(
        projection, of: parent, fusion: .halves, count: c.experts,
        rows: isDown ? c.hiddenSize : c.intermediateSize,
        columns: isDown ? c.intermediateSize : c.hiddenSize)
    }
    let gates = try experts(.gate)
    let ups = try experts(.up)
    let downs = try experts(.down)
    return MixtureOfExperts(
      router: try block.linear(
        "\(parent).gate", "ffn_gate_inp", rows: c.experts, columns: c.hiddenSize, bias: false),
      experts: zip(gates, zip(ups, downs)).map {
        MixtureOfExperts.Expert(gate: $0, up: $1.0, down: $1.1)
      },
      chosen: c.expertsPerToken, activation: .gated(c.activation),
      normalizesWeights: c.normalizesExpertWeights)
  }
}
