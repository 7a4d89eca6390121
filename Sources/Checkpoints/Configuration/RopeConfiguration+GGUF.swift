extension RopeConfiguration {
  /// Tensors of rotary factors: what each frequency is divided by, `[rotaryDimension / 2]`.
  private enum FactorTensor {
    static let one = "rope_freqs.weight"
    static let long = "rope_factors_long.weight"
    static let short = "rope_factors_short.weight"
    static let all = [one, long, short]

    /// Which of them llama.cpp reads in a file of an architecture; with any other it does not load the file.
    ///
    /// - Parameter kind: `rope.scaling.type`, or nil.
    /// - Source: llama.cpp, `src/models/llama.cpp`, `granite.cpp` and `phi3.cpp`.
    static func read(by architecture: String, stretchedBy kind: String?) -> [String] {
      switch architecture {
      case "llama", "granite": kind == "longrope" ? [long, short] : [one]
      case "phi3": [long, short]
      default: []
      }
    }
  }

  /// Tensors that ``init(_:_:architecture:headDimension:contextLength:truncates:)`` read the factors from, so that no
  /// layer has to.
  static let factorTensors: Set<String> = [FactorTensor.long, FactorTensor.short]

  /// Refuses tensors of rotary factors that no model of this architecture reads, as llama.cpp does.
  static func refuseFactors(
    _ gguf: GGUFFile, _ fields: ConfigurationFields, architecture: String
  ) throws(CheckpointError) {
    let kind = try fields.string("rope.scaling.type")
    let known = FactorTensor.read(by: architecture, stretchedBy: kind)
    for name in FactorTensor.all where !known.contains(name) && !fields.isLenient {
      guard let entry = gguf.tensor(name) else { continue }
      let stretch = kind.map { " with rope.scaling.type '\($0)'" } ?? ""
      throw entry.wrong(
        .unsupported,
        "no factors of rotary positions by this name in a model of architecture \(architecture)"
          + "\(stretch); remove it, or mend general.architecture or rope.scaling.type",
        "\(entry.elementCount) numbers")
    }
  }

  /// Rotary positions from a GGUF file's keys, or from the tensors that some families put them into.
  ///
  /// - Parameters:
  ///   - architecture: `general.architecture`, by which such tensors are read.
  ///   - truncates: what ``YaRN/truncate`` is; GGUF has no key for it.
  init(
    _ gguf: GGUFFile, _ fields: ConfigurationFields, architecture: String, headDimension: Int,
    contextLength: Int, truncates: Bool
  ) throws(CheckpointError) {
    let theta = try fields.number("rope.freq_base", in: Self.thetas) ?? 10_000
    let dimension =
      try fields.integer("rope.dimension_count", in: 2...max(headDimension, 2)) ?? headDimension
    guard dimension % 2 == 0 || fields.isLenient else {
      throw fields.wrong(
        "rope.dimension_count", "an even number of rotating elements", found: "\(dimension)")
    }
    let read = FactorTensor.read(
      by: architecture, stretchedBy: try fields.string("rope.scaling.type"))
    let scaling =
      try Self.scaling(gguf, fields, read, pairs: dimension / 2, contextLength: contextLength)
      .otherwise(Self.scaling(fields, contextLength: contextLength, truncates: truncates))
    self.init(theta: theta, rotaryDimension: dimension, scaling: scaling)
  }

  /// Factors that lie in tensors (Phi's two sets, llama3's one), or nil.
  private static func scaling(
    _ gguf: GGUFFile, _ fields: ConfigurationFields, _ read: [String], pairs: Int,
    contextLength: Int
  ) throws(CheckpointError) -> Scaling? {
    let found = read.compactMap(gguf.tensor)
    guard let first = found.first else { return nil }
    guard found.count == read.count else {
      let name = read.first { $0 != first.name } ?? ""
      throw CheckpointError(
        .missing, file: fields.file, .tensor(name),
        expected: "\(pairs) factors of rotary positions, since there is \(first.name)",
        found: "none")
    }
    var sets: [[Float]] = []
    for entry in found { sets.append(try factors(entry, count: pairs)) }
    guard read == [FactorTensor.long, FactorTensor.short] else {
      try refuseScaling(fields, beside: first.name, but: ["none"])
      try refuseMagnitude(fields, "beside \(first.name)")
      return .frequencyFactors(tensor: first.name)
    }
    try refuseScaling(fields, beside: first.name, but: ["none", "longrope"])
    return .longrope(
      LongRope(
        shortFactors: sets[1], longFactors: sets[0],
        originalContext: try originalContext(fields) ?? contextLength,
        attentionFactor: try attentionFactor(fields) ?? 1))
  }

  /// What frequencies are divided by: numbers that leave them finite.
  private static func factors(_ entry: TensorEntry, count: Int) throws(CheckpointError) -> [Float] {
    let values = try entry.floats(count: count)
    guard let strange = values.first(where: { !factors.contains(Double($0)) }) else {
      return values
    }
    throw entry.wrong(
      .mismatch, "numbers from \(factors.lowerBound) to \(factors.upperBound)", "\(strange)")
  }

  /// Refuses a factor of cosine and sine where only llama.cpp would apply one.
  private static func refuseMagnitude(_ fields: ConfigurationFields, _ place: String)
    throws(CheckpointError)
  {
    guard let factor = try attentionFactor(fields), factor != 1, !fields.isLenient else { return }
    throw fields.unsupported("rope.scaling.attn_factor", "1 \(place)", found: "\(factor)")
  }

  /// Refuses a stretch by keys where tensors hold another: both at once are computed nowhere but in llama.cpp.
  private static func refuseScaling(
    _ fields: ConfigurationFields, beside tensor: String, but kinds: [String]
  ) throws(CheckpointError) {
    if let kind = try fields.string("rope.scaling.type"), !kinds.contains(kind), !fields.isLenient {
      throw fields.unsupported(
        "rope.scaling.type", "\(kinds.joined(separator: " or ")) beside \(tensor)",
        found: "'\(kind)'")
    }
    for name in ["rope.scaling.factor", "rope.scale_linear"] {
      guard let factor = try fields.number(name, in: factors), factor != 1 else { continue }
      throw fields.unsupported(name, "1 beside \(tensor)", found: "\(factor)")
    }
  }

  private static func scaling(
    _ fields: ConfigurationFields, contextLength: Int, truncates: Bool
  ) throws(CheckpointError) -> Scaling {
    let factor = try fields.number("rope.scaling.factor", "rope.scale_linear", in: factors)
    let kind = try fields.string("rope.scaling.type") ?? (factor == nil ? "none" : "linear")
    if kind != "yarn" { try refuseMagnitude(fields, "where nothing but yarn stretches") }
    switch kind {
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
