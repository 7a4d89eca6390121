import Foundation
internal import JSON

extension ModelConfiguration {
  /// Reads rotary positions from `rope_parameters`, or from `rope_theta` and `rope_scaling`.
  mutating func readRopes(_ json: JSONValue, file: String, isLenient: Bool) throws(CheckpointError)
  {
    let (dimension, context) = (headDimension, contextLength)
    func read(_ parameters: JSONValue?, theta: Double?) throws(CheckpointError)
      -> RopeConfiguration?
    {
      do throws(CheckpointError) {
        return try RopeConfiguration(
          parameters, theta: theta, around: json, file: file, headDimension: dimension,
          contextLength: context)
      } catch {
        // A family nobody knows is refused for being unknown, not for its rotation.
        if isLenient { return nil }
        throw error
      }
    }
    if let parameters = json[present: "rope_parameters"] {
      rope = try read(parameters[present: "full_attention"] ?? parameters, theta: nil)
      if let sliding = parameters[present: "sliding_attention"] {
        slidingRope = try read(sliding, theta: nil)
      }
      return
    }
    rope = try read(json[present: "rope_scaling"], theta: isGemma ? 1_000_000 : nil)
    guard isGemma else { return }
    let local = try ConfigurationFields(json, file: file)
      .number("rope_local_base_freq", in: RopeConfiguration.thetas)
    slidingRope = RopeConfiguration(
      theta: local ?? 10_000, rotaryDimension: dimension, scaling: .none)
  }
}

extension ConfigurationFields {
  /// The fields of a JSON object, none of which may stand in for another.
  init(_ json: JSONValue, file: String) {
    self.init(
      file: file,
      look: { (name: String) throws(CheckpointError) in json[name].flatMap(Value.init) },
      isLenient: false)
  }
}

extension RopeConfiguration {
  static let thetas = 1.0...1e12
  static let factors = 1e-3...1e6

  /// One set of parameters.
  ///
  /// - Parameters:
  ///   - parameters: `rope_parameters` or `rope_scaling`; nil for plain rotation.
  ///   - theta: what the base is where nothing says so.
  ///   - json: the configuration around it, for values that older files keep there.
  init(
    _ parameters: JSONValue?, theta standard: Double?, around json: JSONValue, file: String,
    headDimension: Int, contextLength: Int
  ) throws(CheckpointError) {
    let outer = ConfigurationFields(json, file: file)
    let inner = ConfigurationFields(parameters ?? .null, file: file)
    let ownTheta = try inner.number("rope_theta", in: Self.thetas)
    theta =
      try ownTheta.otherwise(outer.number("rope_theta", in: Self.thetas)) ?? standard ?? 10_000
    let share =
      try inner.number("partial_rotary_factor", in: 0...1)
      .otherwise(outer.number("partial_rotary_factor", in: 0...1)) ?? 1
    rotaryDimension = Int(Double(headDimension) * share)
    guard rotaryDimension > 0, rotaryDimension % 2 == 0 else {
      throw outer.wrong(
        "partial_rotary_factor", "an even number of rotating elements", found: "\(rotaryDimension)")
    }
    switch try inner.string("rope_type", "type") ?? "default" {
    case "default": scaling = .none
    case "linear":
      scaling = .linear(factor: try Self.required(inner, "factor"))
    case "llama3":
      scaling = .llama3(
        factor: try Self.required(inner, "factor"),
        lowFrequencyFactor: try Self.required(inner, "low_freq_factor"),
        highFrequencyFactor: try Self.required(inner, "high_freq_factor"),
        originalContext: try inner.required(
          "original_max_position_embeddings", in: ModelConfiguration.Bounds.context))
    case "yarn":
      scaling = .yarn(try YaRN(inner, outer, contextLength: contextLength))
    case "longrope", "su":
      scaling = .longrope(
        try LongRope(inner, outer, contextLength: contextLength, pairs: rotaryDimension / 2))
    case let other:
      throw inner.unsupported(
        "rope_type", "default, linear, llama3, yarn or longrope", found: "'\(other)'")
    }
  }

  private static func required(_ fields: ConfigurationFields, _ name: String)
    throws(CheckpointError) -> Double
  {
    guard let value = try fields.number(name, in: factors) else {
      throw fields.wrong(name, "a number", found: "none")
    }
    return value
  }
}

extension RopeConfiguration.YaRN {
  init(_ inner: ConfigurationFields, _ outer: ConfigurationFields, contextLength: Int)
    throws(CheckpointError)
  {
    let contexts = ModelConfiguration.Bounds.context
    originalContext =
      try inner.integer("original_max_position_embeddings", in: contexts)
      .otherwise(outer.integer("original_max_position_embeddings", in: contexts))
      ?? contextLength
    factor =
      try inner.number("factor", in: RopeConfiguration.factors)
      ?? Double(contextLength) / Double(originalContext)
    betaFast = try inner.number("beta_fast", in: 0...1e6) ?? 32
    betaSlow = try inner.number("beta_slow", in: 0...1e6) ?? 1
    truncate = try inner.bool("truncate") ?? true
    let own = try inner.number("attention_factor", in: 0...1e6)
    let scale = try inner.number("mscale", in: 0...1e6) ?? 0
    let allScale = try inner.number("mscale_all_dim", in: 0...1e6) ?? 0
    if let own {
      attentionFactor = own
    } else if scale != 0, allScale != 0 {
      attentionFactor = Self.magnitude(factor, scale) / Self.magnitude(factor, allScale)
    } else {
      attentionFactor = Self.magnitude(factor, 1)
    }
  }

  /// The paper's temperature, as a factor of cos and sin.
  static func magnitude(_ factor: Double, _ scale: Double) -> Double {
    factor <= 1 ? 1 : 0.1 * scale * log(factor) + 1
  }
}

extension RopeConfiguration.LongRope {
  init(
    _ inner: ConfigurationFields, _ outer: ConfigurationFields, contextLength: Int, pairs: Int
  ) throws(CheckpointError) {
    let contexts = ModelConfiguration.Bounds.context
    originalContext =
      try inner.integer("original_max_position_embeddings", in: contexts)
      .otherwise(outer.integer("original_max_position_embeddings", in: contexts))
      ?? contextLength
    shortFactors = try Self.factors(inner, "short_factor", count: pairs)
    longFactors = try Self.factors(inner, "long_factor", count: pairs)
    let stretch = Double(contextLength) / Double(originalContext)
    attentionFactor =
      try inner.number("attention_factor", in: 0...1e6)
      ?? Self.attentionFactor(stretch: stretch, originalContext: originalContext)
  }

  /// Phi-3's temperature for a context stretched by a factor.
  static func attentionFactor(stretch: Double, originalContext: Int) -> Double {
    guard stretch > 1, originalContext > 1 else { return 1 }
    return (1 + log(stretch) / log(Double(originalContext))).squareRoot()
  }

  private static func factors(_ fields: ConfigurationFields, _ name: String, count: Int)
    throws(CheckpointError) -> [Float]
  {
    let list = try fields.numbers(name) ?? []
    guard list.count == count, list.allSatisfy(RopeConfiguration.factors.contains) else {
      throw fields.wrong(
        name, "\(count) numbers, one a rotating pair", found: "\(list.count) or others")
    }
    return list.map(Float.init)
  }
}
