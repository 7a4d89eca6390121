internal import Engine
internal import JSON
internal import Tokenizers
internal import Runs

extension SamplingRequest {
  /// - Parameters:
  ///   - model: whose own sampling holds in place of the base where the fields ask for it (`use_model_sampling`).
  ///   - mayBeEmpty: whether no token at all may be asked for.
  ///   - base: what holds where the fields say nothing: a fork's parent; nil for the documented defaults.
  init(
    _ fields: Fields, of model: LoadedModel, over base: SamplingRequest? = nil,
    mayBeEmpty: Bool = false
  ) throws(Refusal) {
    self = base ?? SamplingRequest()
    if try fields.bool("use_model_sampling") ?? false { try apply(model, fields) }
    let older = try Self.length(fields, "max_tokens", least: mayBeEmpty ? 0 : 1)
    let length = try Self.length(fields, "max_completion_tokens", least: 1) ?? older
    if let length {
      fillsContext = length < 0
      maxTokens = length < 0 ? nil : length
    }
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
    options.logitBias = try Self.bias(fields, of: model) ?? options.logitBias
    if let seed = try fields.integer("seed") {
      // As llama.cpp has it, -1 asks for another seed each time.
      hasSeed = seed != -1
      options.seed =
        hasSeed ? UInt64(bitPattern: Int64(seed)) : UInt64.random(in: 0..<1 << 53)
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
  /// How many tokens may be generated; -1 for as many as the context has room for.
  static func length(
    _ fields: Fields, _ member: String, least: Int
  ) throws(Refusal) -> Int? {
    guard let length = try fields.integer(member) else { return nil }
    guard length == -1 || (least...Int(Int32.max)).contains(length) else {
      throw .outOfRange(
        field: fields.name(member), found: "\(length)",
        allowed: "from \(least) to \(Int32.max), or -1 for what the context has room for")
    }
    return length
  }

  /// Numbers to add to the scores of tokens, by their ids.
  private static func bias(
    _ fields: Fields, of model: LoadedModel
  ) throws(Refusal) -> [Token: Float]? {
    guard let object = try fields.object("logit_bias") else { return nil }
    var bias: [Token: Float] = [:]
    for (name, _) in object.members {
      guard let token = Token(name), token >= 0, Int(token) < model.info.vocabularySize else {
        throw .outOfRange(
          field: fields.name("logit_bias"), found: "\"\(name.prefix(80))\"",
          allowed: "an object of token ids from 0 to \(max(model.info.vocabularySize - 1, 0))")
      }
      bias[token] = try object.float(name, in: -100...100)
    }
    return bias
  }

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
