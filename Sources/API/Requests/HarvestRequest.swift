internal import Engine
internal import Hooks
internal import JSON
internal import Runs
internal import Tokenizers

/// A body of `POST /v1/harvest`: many prompts whose activations are wanted.
struct HarvestRequest: Sendable {
  /// Prompts of one request at most.
  static let promptLimit = 65_536
  /// Tensors of one request at most.
  static let tensorLimit = 1 << 20

  /// Bytes of tensors that a file of a kept harvest may have.
  private static let shardBytes = 1 << 16...64 << 30

  let order: HarvestOrder
  /// The name under which it is kept in files; nil where it is streamed.
  let name: String?
  let shardBytes: Int

  /// - Parameter budget: bytes that the captures of one prompt may take.
  init(
    _ fields: Fields, models: ModelTable, registered: RegisteredHooks, budget: Int
  ) throws(Refusal) {
    let model = try models.runnable(fields)
    let given = ["texts", "tokens"].filter { fields[$0] != nil }
    guard let member = given.first else { throw .missing(field: "texts") }
    guard given.count == 1 else {
      throw .conflict(fields: given, reason: "one of them names the prompts")
    }
    guard let list = fields[member]?.array else {
      throw fields.wrong(
        member, "an array of strings or of arrays of token ids", fields[member] ?? .null)
    }
    guard (1...Self.promptLimit).contains(list.count) else {
      throw .outOfRange(
        field: member, found: "\(list.count) prompts",
        allowed: "1 to \(Self.promptLimit) prompts")
    }
    let hooks = try registered.orders(
      with: try fields.objects("activation_hooks") ?? [], of: model,
      usesRegistered: try fields.bool("use_registered_hooks") ?? false)
    guard !hooks.isEmpty else { throw .hooksRequired }
    guard list.count * hooks.count <= Self.tensorLimit else {
      throw .outOfRange(
        field: member, found: "\(list.count) prompts with \(hooks.count) tensors each",
        allowed: "\(Self.tensorLimit / hooks.count) prompts with so many hooks")
    }
    var prompts: [[Token]] = []
    prompts.reserveCapacity(list.count)
    for (index, value) in list.enumerated() {
      prompts.append(
        try Self.prompt(value, "\(member)[\(index)]", isText: member == "texts", model))
    }
    let frames = try fields.object("frames")
    var format = FrameFormat.exact
    if let frames {
      let told = try FrameFormat(frames)
      if frames["dtype"] != nil { format.elementType = told.elementType }
      if frames["codec"] != nil { format.codec = told.codec }
    }
    order = HarvestOrder(
      model: model, prompts: prompts, hooks: hooks, format: format,
      tellsTokens: try fields.bool("input_ids") ?? false)
    name = try fields.string("name")
    shardBytes = try fields.integer("shard_bytes", in: Self.shardBytes) ?? 256 << 20
    if name != nil, let hook = order.unplannable {
      throw .notImplemented(
        field: "name", found: "with hook \(hook.spec.hookID)",
        reason:
          "how many rows an expert's output has, the router decides as it goes; leave name out and read the stream"
      )
    }
    if let most = order.captureBytes.max(), most > budget {
      throw .captureTooLarge(estimate: most, limit: budget)
    }
  }

  private static func prompt(
    _ value: JSONValue, _ field: String, isText: Bool, _ model: LoadedModel
  ) throws(Refusal) -> [Token] {
    guard isText || value.string == nil else {
      throw .wrongType(field: field, expected: "an array of token ids", found: value.kind)
    }
    let tokens = try CompletionPrompt.tokens(value, field, model)
    guard (1...model.info.contextLength).contains(tokens.count) else {
      throw .outOfRange(
        field: field, found: "\(tokens.count) tokens",
        allowed: "1 to \(model.info.contextLength) tokens, the context of \(model.info.id)")
    }
    return tokens
  }
}

extension Refusal {
  /// What ended a harvest, for its client.
  static func harvest(_ error: HarvestError) -> Refusal {
    switch error {
    case .engine(let error): .engine(error)
    case .outOfMemory: .outOfMemory
    case .taking(let error): error as? Refusal ?? .engine(.cancelled)
    }
  }
}
