internal import Engine
internal import Runs

extension SamplingRequest {
  /// - Parameters:
  ///   - model: whose own sampling holds in place of the base where the fields ask for it (`use_model_sampling`).
  ///   - base: what holds where the fields say nothing: a fork's parent; nil for the documented defaults.
  init(
    _ fields: Fields, of model: LoadedModel, over base: SamplingRequest? = nil
  ) throws(Refusal) {
    self = base ?? SamplingRequest()
    if try fields.bool("use_model_sampling") ?? false { try apply(model, fields) }
    let limit = 1...Int(Int32.max)
    let older = try fields.integer("max_tokens", in: limit)
    maxTokens = try fields.integer("max_completion_tokens", in: limit) ?? older ?? maxTokens
    options.temperature = try fields.float("temperature", in: 0...2) ?? options.temperature
    options.topP = try fields.float("top_p", in: 0...1) ?? options.topP
    options.minP = try fields.float("min_p", in: 0...1) ?? options.minP
    options.topK = max(0, try fields.integer("top_k", in: -1...1_000_000) ?? options.topK)
    options.repetitionPenalty =
      try fields.float("repetition_penalty", in: 0.01...10) ?? options.repetitionPenalty
    options.presencePenalty =
      try fields.float("presence_penalty", in: -2...2) ?? options.presencePenalty
    options.frequencyPenalty =
      try fields.float("frequency_penalty", in: -2...2) ?? options.frequencyPenalty
    if let seed = try fields.integer("seed") {
      options.seed = UInt64(bitPattern: Int64(seed))
      hasSeed = true
    }
    ignoresEnd = try fields.bool("ignore_eos") ?? ignoresEnd
    stop = try fields.strings("stop") ?? stop
    guard stop.count <= 64 else {
      throw .outOfRange(
        field: fields.name("stop"), found: "\(stop.count) strings", allowed: "at most 64 strings")
    }
    guard !stop.contains("") else {
      throw .outOfRange(
        field: fields.name("stop"), found: "an empty string", allowed: "strings with characters")
    }
  }
}

extension SamplingRequest {
  /// Takes what the model's files say of sampling.
  private mutating func apply(_ model: LoadedModel, _ fields: Fields) throws(Refusal) {
    let field = fields.name("use_model_sampling")
    guard let sampling = model.info.sampling else {
      throw .conflict(
        fields: [field, "model \(model.info.id)"], reason: "its files name no sampling of their own"
      )
    }
    guard sampling.notApplied.isEmpty else {
      throw .conflict(
        fields: [field, "model \(model.info.id)"],
        reason:
          "its files ask for \(sampling.notApplied.joined(separator: ", ")), which this server does not do"
      )
    }
    sampling.apply(to: &options)
  }
}

extension Fields {
  /// A number as the engine takes it.
  func float(_ member: String, in range: ClosedRange<Double>) throws(Refusal) -> Float? {
    try number(member, in: range).map { Float($0) }
  }
}
