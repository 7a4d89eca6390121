import Foundation
internal import JSON

extension ModelConfiguration {
  /// Reads rotary positions from `rope_scaling` or `rope_parameters`, and from what older files keep beside them.
  mutating func readRopes(_ json: JSONValue, _ traits: Architecture.Traits, file: String)
    throws(CheckpointError)
  {
    let outer = traits.keys.fields(of: json, file: file)
    for name in ["rope_theta", "rope_local_base_freq"] where json[name]?.isNull == true {
      throw outer.wrong(name, "a number, or no such name", found: "null")
    }
    let older = try Self.set(json, "rope_scaling", file: file)
    let newer = try Self.set(json, "rope_parameters", file: file)
    guard let slidingTheta = traits.slidingTheta else {
      // The older name wins where it holds something, as in transformers.
      try (older ?? newer)?.refuse(Self.kinds)
      rope = try read(older ?? newer, traits, around: outer, theta: traits.theta)
      return
    }
    // Sliding layers have positions of their own, which the older name never stretches.
    if let stray = newer?.members.first(where: { !Self.kinds.contains($0.name) }) {
      throw outer.unsupported(
        "rope_parameters.\(stray.name)", "full_attention and sliding_attention, each with its own",
        found: stray.value.kind)
    }
    // transformers looks for neither of these where layers differ.
    try older?.refuse(["type"])
    let full = try newer.flatMap { (set: RopeSet) throws(CheckpointError) in
      try set.inner("full_attention")
    }
    // The older name changes the newer one's set, and there is none.
    guard
      full != nil || json[present: "rope_scaling"] == nil || json[present: "rope_parameters"] == nil
    else {
      throw outer.wrong(
        "rope_parameters.full_attention", "a set, since rope_scaling changes it", found: "none")
    }
    let sliding = try newer.flatMap { (set: RopeSet) throws(CheckpointError) in
      try set.inner("sliding_attention")
    }
    for set in [full, sliding] { try set?.refuse(["truncate"]) }
    // What part of a head turns is said around both sets, too, and belongs to each.
    rope = try read(older?.over(full) ?? full, traits, around: outer, theta: traits.theta)
    let base = try outer.number("rope_local_base_freq", in: RopeConfiguration.thetas)
    slidingRope = try read(
      sliding, traits, around: outer.only("partial_rotary_factor"), theta: base ?? slidingTheta)
  }

  private static let kinds = ["full_attention", "sliding_attention"]

  private mutating func read(
    _ set: RopeSet?, _ traits: Architecture.Traits, around outer: ConfigurationFields?,
    theta: Double
  ) throws(CheckpointError) -> RopeConfiguration {
    let set = set ?? RopeSet(defaults: traits.rope, file: outer?.file ?? "")
    let rope = try RopeConfiguration(
      set, around: outer, theta: theta, traits, headDimension: headDimension,
      contextLength: contextLength)
    unknownFields += set.unread(try set.kind(traits))
    return rope
  }

  /// The members of one of the two names; nil where it is absent, null or empty.
  private static func set(_ json: JSONValue, _ name: String, file: String)
    throws(CheckpointError) -> RopeSet?
  {
    guard let value = json[present: name] else { return nil }
    guard let members = value.members else {
      throw CheckpointError(
        .mismatch, file: file, .field(name), expected: "an object", found: value.kind)
    }
    return members.isEmpty ? nil : RopeSet(name: name, members: members, file: file)
  }
}

/// One set of rotary parameters as a file has it.
struct RopeSet {
  var name: String
  var members: [JSONValue.Member]
  let file: String
  /// What stands where a member is absent.
  var defaults: [String: ConfigurationFields.Value] = [:]

  init(name: String, members: [JSONValue.Member], file: String) {
    (self.name, self.members, self.file) = (name, members, file)
  }

  /// The family's own positions, where the file says nothing.
  init(defaults: [String: ConfigurationFields.Value], file: String) {
    self.init(name: "rope_parameters", members: [], file: file)
    self.defaults = defaults
  }

  /// A set inside this one; nil where it is absent or null.
  func inner(_ name: String) throws(CheckpointError) -> RopeSet? {
    guard let value = members.first(where: { $0.name == name })?.value, !value.isNull else {
      return nil
    }
    guard let members = value.members else {
      throw CheckpointError(
        .mismatch, file: file, .field("\(self.name).\(name)"), expected: "an object",
        found: value.kind)
    }
    return RopeSet(name: "\(self.name).\(name)", members: members, file: file)
  }

  /// Refuses members that other families have: their layers differ, this one's do not.
  func refuse(_ names: [String]) throws(CheckpointError) {
    guard let member = members.first(where: { names.contains($0.name) }) else { return }
    throw CheckpointError(
      .unsupported, file: file, .field("\(name).\(member.name)"),
      expected: "no such member in a model of this family", found: member.value.kind)
  }

  /// These members, and those of another set where these have none.
  func over(_ other: RopeSet?) -> RopeSet {
    var set = self
    set.members += (other?.members ?? []).filter { member in
      !members.contains { $0.name == member.name }
    }
    return set
  }

  var fields: ConfigurationFields {
    ConfigurationFields(
      file: file,
      look: { (name: String) throws(CheckpointError) in
        guard let member = members.first(where: { $0.name == name }) else { return defaults[name] }
        return ConfigurationFields.Value(member.value)
      },
      isLenient: false)
  }

  /// Whether there is a member of that name, null included, or a standard for it.
  func states(_ name: String) -> Bool {
    members.contains { $0.name == name } || defaults[name] != nil
  }

  /// The stretch by its own name: Phi's files call it by older ones.
  func kind(_ traits: Architecture.Traits) throws(CheckpointError) -> String {
    let kind = try fields.string("rope_type", "type") ?? "default"
    return kind == "su" || (traits.onlyLongrope && kind == "yarn") ? "longrope" : kind
  }

  /// Members that a stretch of this kind does not have.
  func unread(_ kind: String) -> [String] {
    let known = Self.ofAny.union(Self.ofKind[kind] ?? [])
    return members.map(\.name).filter { !known.contains($0) }.map { "\(name).\($0)" }
  }

  /// Members of every kind.
  static let ofAny: Set<String> = ["rope_type", "type", "rope_theta", "partial_rotary_factor"]
  /// Members of each kind besides.
  static let ofKind: [String: Set<String>] = [
    "linear": ["factor"],
    "dynamic": ["factor"],
    "llama3": [
      "factor", "low_freq_factor", "high_freq_factor", "original_max_position_embeddings",
    ],
    "yarn": [
      "factor", "original_max_position_embeddings", "attention_factor", "beta_fast", "beta_slow",
      "mscale", "mscale_all_dim", "truncate",
    ],
    "longrope": [
      "factor", "original_max_position_embeddings", "attention_factor", "short_factor",
      "long_factor",
    ],
  ]
}

extension ConfigurationFields {
  /// The fields of a JSON object, none of which may stand in for another.
  init(_ json: JSONValue, file: String) {
    self.init(
      file: file,
      look: { (name: String) throws(CheckpointError) in json[name].flatMap(Value.init) },
      isLenient: false)
  }

  /// The field of one name, as if there were no other.
  func only(_ name: String) -> ConfigurationFields {
    ConfigurationFields(
      file: file,
      look: { (asked: String) throws(CheckpointError) in asked == name ? try look(asked) : nil },
      isLenient: isLenient)
  }
}

extension RopeConfiguration {
  static let thetas = 1.0...1e12
  static let factors = 1e-3...1e6

  /// One set of parameters.
  ///
  /// - Parameters:
  ///   - outer: the configuration around it, for values that older files keep there.
  ///   - theta: what the base is where nothing says so.
  init(
    _ set: RopeSet, around outer: ConfigurationFields?, theta standard: Double,
    _ traits: Architecture.Traits, headDimension: Int, contextLength: Int
  ) throws(CheckpointError) {
    let inner = set.fields
    theta =
      try inner.number("rope_theta", in: Self.thetas)
      .otherwise(outer?.number("rope_theta", in: Self.thetas)) ?? standard
    let share =
      try inner.number("partial_rotary_factor", in: 0...1)
      .otherwise(outer?.number("partial_rotary_factor", in: 0...1)) ?? traits.rotatedShare
    guard share == 1 || traits.rotatesPartly else {
      throw inner.unsupported(
        "partial_rotary_factor", "1, for this family turns whole heads", found: "\(share)")
    }
    rotaryDimension = Int(Double(headDimension) * share)
    guard rotaryDimension > 0, rotaryDimension % 2 == 0 else {
      throw inner.wrong(
        share == 1 ? "head_dim" : "partial_rotary_factor", "an even number of rotating elements",
        found: "\(rotaryDimension)")
    }
    let contexts = ModelConfiguration.Bounds.context
    let original =
      try (outer?.integer("original_max_position_embeddings", in: contexts))
      .otherwise(inner.integer("original_max_position_embeddings", in: contexts)) ?? contextLength
    switch try set.kind(traits) {
    case "default": scaling = .none
    case "dynamic" where !traits.onlyLongrope:
      // Frequencies change only in runs beyond `max_position_embeddings`, where no run here gets to.
      _ = try Self.required(inner, "factor")
      guard rotaryDimension > 2 else {
        throw inner.unsupported(
          "rope_type", "another than dynamic where 2 elements rotate, for its base divides by none",
          found: "'dynamic'")
      }
      scaling = .dynamic
    case "linear" where !traits.onlyLongrope:
      scaling = .linear(factor: try Self.required(inner, "factor"))
    case "llama3" where !traits.onlyLongrope:
      scaling = try Self.llama3(inner, originalContext: original)
    case "yarn":
      guard set.states("factor") else {
        throw inner.wrong("factor", "a number, or null for the contexts' quotient", found: "none")
      }
      scaling = .yarn(try YaRN(inner, contextLength: contextLength, originalContext: original))
    case "longrope":
      scaling = .longrope(
        try LongRope(
          inner, contextLength: contextLength, originalContext: original,
          pairs: rotaryDimension / 2))
    case let other:
      throw inner.unsupported(
        "rope_type",
        traits.onlyLongrope
          ? "default or longrope" : "default, linear, dynamic, llama3, yarn or longrope",
        found: "'\(other)'")
    }
  }

  private static func llama3(_ fields: ConfigurationFields, originalContext: Int)
    throws(CheckpointError) -> Scaling
  {
    let low = try required(fields, "low_freq_factor")
    let high = try required(fields, "high_freq_factor")
    guard low != high else {
      throw fields.wrong(
        "high_freq_factor", "another number than low_freq_factor", found: "\(high)")
    }
    return .llama3(
      factor: try required(fields, "factor"), lowFrequencyFactor: low, highFrequencyFactor: high,
      originalContext: originalContext)
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
  init(_ inner: ConfigurationFields, contextLength: Int, originalContext: Int)
    throws(CheckpointError)
  {
    self.originalContext = originalContext
    factor =
      try inner.number("factor", in: RopeConfiguration.factors)
      ?? Double(contextLength) / Double(originalContext)
    // Zero means the standard, as in transformers.
    let (fast, slow) = try (
      inner.number("beta_fast", in: 0...1e6) ?? 0, inner.number("beta_slow", in: 0...1e6) ?? 0
    )
    betaFast = fast == 0 ? 32 : fast
    betaSlow = slow == 0 ? 1 : slow
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
    _ inner: ConfigurationFields, contextLength: Int, originalContext: Int, pairs: Int
  ) throws(CheckpointError) {
    self.originalContext = originalContext
    shortFactors = try Self.factors(inner, "short_factor", count: pairs)
    longFactors = try Self.factors(inner, "long_factor", count: pairs)
    let stretch =
      try inner.number("factor", in: RopeConfiguration.factors)
      ?? Double(contextLength) / Double(originalContext)
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
