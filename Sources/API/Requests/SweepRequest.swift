internal import Engine
internal import Hooks
internal import Interpretability
internal import JSON
internal import Tokenizers

/// A body of `POST /v1/analyses`.
struct SweepRequest: Sendable {
  static let names = ["activation_patching", "ablation"]
  /// What can be changed, by TransformerLens's short names.
  static let components: [(name: String, site: HookSite)] = [
    ("resid_pre", .residualPre), ("resid_mid", .residualMid), ("resid_post", .residualPost),
    ("attn_out", .attentionAdded), ("mlp_out", .mlpAdded), ("q", .query), ("k", .key),
    ("v", .value), ("z", .headOutput),
  ]
  /// Tokens that all passes together may compute.
  static let tokenLimit = 4 << 20

  let name: String
  let model: LoadedModel
  let plan: Sweep.Plan
  let isStreaming: Bool
  let isDetached: Bool

  /// - Parameters:
  ///   - budget: bytes that a prompt's captures may take.
  ///   - render: the tokens of a conversation.
  init(
    _ fields: Fields, models: ModelTable, budget: Int,
    render: @escaping ([ChatMessage], LoadedModel) throws(Refusal) -> [Token]
  ) throws(Refusal) {
    guard let name = try fields.choice("analysis", Self.names) else {
      throw .missing(field: "analysis")
    }
    self.name = name
    model = try models.runnable(fields)
    isStreaming = try fields.bool("stream") ?? false
    isDetached = try fields.bool("detach") ?? false
    guard let component = try fields.choice("component", Self.components.map(\.name)),
      let site = Self.components.first(where: { $0.name == component })?.site
    else { throw .missing(field: "component") }
    let isPatching = name == "activation_patching"
    let contrast = try ContrastReader(model: model, render: render).pairs(
      fields, isCorrupted: isPatching)
    let kind = try fields.choice("kind", ["zero", "mean"])
    let isMean = !isPatching && kind == "mean"
    if isMean, contrast.prompts.count < 2 {
      throw .outOfRange(
        field: "clean", found: "1 prompt", allowed: "two prompts or more, to have a mean")
    }
    plan = Sweep.Plan(
      prompts: contrast.prompts, corrupted: contrast.corrupted,
      change: isPatching ? .patch : isMean ? .mean : .zero, site: site,
      layers: try AnalysisReader(model).layers(fields),
      axis: try Self.axis(fields, site, isPatching: isPatching))
    try check(length: contrast.prompts.first?.tokens.count ?? 0, budget: budget)
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
}
