internal import Engine
internal import Hooks
internal import Interpretability
internal import JSON
internal import Tokenizers

/// A body of `POST /v1/analyses`.
struct SweepRequest: Sendable {
  /// What can be changed, by TransformerLens's short names.
  static let components: [(name: String, site: HookSite)] = [
    ("resid_pre", .residualPre), ("resid_mid", .residualMid), ("resid_post", .residualPost),
    ("attn_out", .attentionAdded), ("mlp_out", .mlpAdded), ("q", .query), ("k", .key),
    ("v", .value), ("z", .headOutput),
  ]
  /// Tokens that all passes together may compute.
  private static let tokenLimit = 4 << 20
  private static let promptLimit = 256

  let name: String
  let model: LoadedModel
  let plan: Sweep.Plan
  let isStreaming: Bool

  /// - Parameters:
  ///   - budget: bytes that a prompt's captures may take.
  ///   - render: the tokens of a conversation.
  init(
    _ fields: Fields, models: ModelTable, budget: Int,
    render: @escaping ([ChatMessage], LoadedModel) throws(Refusal) -> [Token]
  ) throws(Refusal) {
    guard let name = try fields.choice("analysis", AnalysisList.sweeps.map(\.name)) else {
      throw .missing(field: "analysis")
    }
    self.name = name
    model = try models.runnable(fields)
    isStreaming = try fields.bool("stream") ?? false
    guard let component = try fields.choice("component", Self.components.map(\.name)),
      let site = Self.components.first(where: { $0.name == component })?.site
    else { throw .missing(field: "component") }
    let isPatching = name == "activation_patching"
    let reader = PromptReader(model: model, limit: Self.promptLimit, render: render)
    let clean = try reader.prompts(fields, "clean")
    let corrupted = isPatching ? try reader.prompts(fields, "corrupted") : []
    let answers = try Self.tokens(fields, "answer", count: clean.count, model)
    let wrong = try Self.tokens(fields, "wrong", count: clean.count, model)
    try Self.check(clean, corrupted, isPatching: isPatching)
    let kind = try fields.choice("kind", ["zero", "mean"])
    let isMean = !isPatching && kind == "mean"
    if isMean, clean.count < 2 {
      throw .outOfRange(
        field: "clean", found: "1 prompt", allowed: "two prompts or more, to have a mean")
    }
    plan = Sweep.Plan(
      prompts: clean.indices.map {
        ContrastPrompt(tokens: clean[$0], answer: answers[$0], wrong: wrong[$0])
      },
      corrupted: corrupted, change: isPatching ? .patch : isMean ? .mean : .zero, site: site,
      layers: try AnalysisReader(model).layers(fields),
      axis: try Self.axis(fields, site, isPatching: isPatching))
    try check(length: clean.first?.count ?? 0, budget: budget)
  }

  /// Bounds the time and the memory that the plan takes.
  private func check(length: Int, budget: Int) throws(Refusal) {
    let passes = plan.passes(model.catalogue)
    guard passes * length <= Self.tokenLimit else {
      throw .sweepTooLarge(passes: passes, tokens: length, limit: Self.tokenLimit)
    }
    guard plan.change != .zero else { return }
    let kept = plan.layers.count * length * model.catalogue.width(of: plan.site)
    guard kept * MemoryLayout<Float>.size <= budget else {
      throw .captureTooLarge(estimate: kept * MemoryLayout<Float>.size, limit: budget)
    }
  }

  private static func axis(
    _ fields: Fields, _ site: HookSite, isPatching: Bool
  ) throws(Refusal) -> Sweep.Axis {
    let hasHeads = site.axes.count == 3
    let name = try fields.choice("by", Sweep.Axis.allCases.map(\.rawValue))
    guard let axis = name.flatMap({ Sweep.Axis(rawValue: $0) }) else {
      return hasHeads ? .head : isPatching ? .position : .layer
    }
    guard axis != .head || hasHeads else {
      throw .conflict(
        fields: ["component", "by"], reason: "\(site.name) has no heads")
    }
    return axis
  }

  private static func check(
    _ clean: [[Token]], _ corrupted: [[Token]], isPatching: Bool
  ) throws(Refusal) {
    guard !isPatching || corrupted.count == clean.count else {
      throw .unequalCounts(field: "corrupted", found: corrupted.count, expected: clean.count)
    }
    let length = clean.first?.count ?? 0
    for (name, prompts) in [("clean", clean), ("corrupted", corrupted)] {
      for (index, prompt) in prompts.enumerated() where prompt.count != length {
        throw .unequalLengths(
          field: "\(name)[\(index)]", found: prompt.count, other: "clean[0]", expected: length)
      }
    }
  }

  /// A token for each prompt: one for all, or a list.
  private static func tokens(
    _ fields: Fields, _ member: String, count: Int, _ model: LoadedModel
  ) throws(Refusal) -> [Token] {
    let reader = AnalysisReader(model)
    guard let list = fields[member]?.array else {
      guard let token = try reader.token(fields, member) else { throw .missing(field: member) }
      return Array(repeating: token, count: count)
    }
    guard list.count == count else {
      throw .unequalCounts(field: member, found: list.count, expected: count)
    }
    var tokens: [Token] = []
    for (index, element) in list.enumerated() {
      tokens.append(try reader.token(element, field: "\(member)[\(index)]"))
    }
    return tokens
  }
}

/// Reads prompts: a text, an object with one of `prompt`, `messages` and `tokens`, or an array of these.
private struct PromptReader {
  let model: LoadedModel
  let limit: Int
  let render: ([ChatMessage], LoadedModel) throws(Refusal) -> [Token]

  func prompts(_ fields: Fields, _ member: String) throws(Refusal) -> [[Token]] {
    guard let value = fields[member] else { throw .missing(field: member) }
    let list = value.array ?? [value]
    guard (1...limit).contains(list.count) else {
      throw .outOfRange(
        field: member, found: "\(list.count) prompts", allowed: "1 to \(limit) prompts")
    }
    var result: [[Token]] = []
    for (index, element) in list.enumerated() {
      let place = value.array == nil ? member : "\(member)[\(index)]"
      let tokens = try prompt(element, place)
      guard !tokens.isEmpty else { throw .engine(.emptyPrompt) }
      result.append(tokens)
    }
    return result
  }

  private func prompt(_ value: JSONValue, _ place: String) throws(Refusal) -> [Token] {
    if let text = value.string {
      return try model.tokenizer.tokens(of: text, field: place)
    }
    switch try RunRequest.prompt(Fields(value, path: place + ".")) {
    case .text(let text): return try model.tokenizer.tokens(of: text, field: place)
    case .tokens(let tokens): return tokens
    case .messages(let messages): return try render(messages, model)
    }
  }
}
