extension RopeConfiguration {
  /// Rotary positions from a GGUF file's keys, or from the tensors that some families put them into.
  ///
  /// - Parameter truncates: what ``YaRN/truncate`` is; GGUF has no key for it.
  init(
    _ gguf: GGUFFile, _ fields: ConfigurationFields, headDimension: Int, contextLength: Int,
    truncates: Bool
  ) throws(CheckpointError) {
    let theta = try fields.number("rope.freq_base", in: Self.thetas) ?? 10_000
    let dimension =
      try fields.integer("rope.dimension_count", in: 2...max(headDimension, 2)) ?? headDimension
    guard dimension % 2 == 0 || fields.isLenient else {
      throw fields.wrong(
        "rope.dimension_count", "an even number of rotating elements", found: "\(dimension)")
    }
    let scaling =
      try Self.scaling(gguf, fields, pairs: dimension / 2, contextLength: contextLength)
      .otherwise(Self.scaling(fields, contextLength: contextLength, truncates: truncates))
    self.init(theta: theta, rotaryDimension: dimension, scaling: scaling)
  }

  /// Factors that lie in tensors (Phi's two sets, llama3's one), or nil.
  private static func scaling(
    _ gguf: GGUFFile, _ fields: ConfigurationFields, pairs: Int, contextLength: Int
  ) throws(CheckpointError) -> Scaling? {
    if gguf.tensor("rope_freqs.weight") != nil {
      return .frequencyFactors(tensor: "rope_freqs.weight")
    }
    guard let long = gguf.tensor("rope_factors_long.weight"),
      let short = gguf.tensor("rope_factors_short.weight")
    else { return nil }
    let original = try originalContext(fields) ?? contextLength
    let stretch = Double(contextLength) / Double(original)
    return .longrope(
      LongRope(
        shortFactors: try short.floats(count: pairs), longFactors: try long.floats(count: pairs),
        originalContext: original,
        attentionFactor: try attentionFactor(fields)
          ?? LongRope.attentionFactor(stretch: stretch, originalContext: original)))
  }

  private static func scaling(
    _ fields: ConfigurationFields, contextLength: Int, truncates: Bool
  ) throws(CheckpointError) -> Scaling {
    let factor = try fields.number("rope.scaling.factor", "rope.scale_linear", in: factors)
    switch try fields.string("rope.scaling.type") ?? (factor == nil ? "none" : "linear") {
    case "none": return .none
    case "linear": return factor.map { .linear(factor: $0) } ?? .none
    case "yarn":
      return .yarn(
        YaRN(
          factor: factor ?? 1, originalContext: try originalContext(fields) ?? contextLength,
          betaFast: try fields.number("rope.scaling.yarn_beta_fast", in: 0...1e6) ?? 32,
          betaSlow: try fields.number("rope.scaling.yarn_beta_slow", in: 0...1e6) ?? 1,
          truncate: truncates,
          attentionFactor: try (attentionFactor(fields) ?? 1) * YaRN.magnitude(factor ?? 1, 1)))
    case let other:
      if fields.isLenient { return .none }
      throw fields.unsupported("rope.scaling.type", "none, linear or yarn", found: "'\(other)'")
    }
  }

  private static func originalContext(_ fields: ConfigurationFields) throws(CheckpointError) -> Int?
  {
    try fields.integer(
      "rope.scaling.original_context_length", in: ModelConfiguration.Bounds.context)
  }

  private static func attentionFactor(_ fields: ConfigurationFields) throws(CheckpointError)
    -> Double?
  {
    try fields.number("rope.scaling.attn_factor", in: 0...1e6)
  }
}
