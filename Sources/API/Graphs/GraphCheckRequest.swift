internal import Engine
internal import Hooks
internal import Interpretability
internal import Tokenizers

/// A body of `POST /v1/graphs/{slug}/verify`.
struct GraphCheckRequest: Sendable {
  static let replacements = ["zero", "mean", "corrupted"]
  private static let promptLimit = 256

  enum Unit: String, CaseIterable {
    /// Heads and feed-forward parts at positions.
    case nodes
    /// What one part of the model reads of another.
    case edges
  }

  /// As it was asked for.
  let name: String
  let model: LoadedModel
  let replacement: CircuitCheck.Replacement
  /// What is cut.
  let unit: Unit
  let testsMinimality: Bool
  /// Passes that it takes.
  let passes: Int

  /// - Parameters:
  ///   - budget: bytes that captures may take.
  ///   - render: the tokens of a conversation.
  init(
    _ fields: Fields, of graph: KeptGraph, models: ModelTable, budget: Int,
    render: @escaping ([ChatMessage], LoadedModel) throws(Refusal) -> [Token]
  ) throws(Refusal) {
    let model = try models.runnable(graph.model)
    self.model = model
    name = try fields.choice("replace", Self.replacements) ?? "zero"
    unit =
      try fields.choice("by", Unit.allCases.map(\.rawValue)).flatMap { Unit(rawValue: $0) }
      ?? .nodes
    testsMinimality = try fields.bool("minimality") ?? false
    if unit == .edges {
      guard !testsMinimality else {
        throw .conflict(fields: ["by", "minimality"], reason: "minimality is of nodes")
      }
      if let layer = EdgeCheck.unscored(model.catalogue).first {
        throw .conflict(
          fields: ["by"],
          reason:
            "edges are ordered by the gradient of what each part reads, and that of experts, which layer \(layer) of "
            + "\(model.info.id) has, is not computed; nodes can be cut instead")
      }
    }
    let isGiven = fields["corrupted"] != nil
    let reader = PromptReader(model: model, limit: Self.promptLimit, render: render)
    let prompts = isGiven ? try reader.prompts(fields, "corrupted") : []
    for (index, prompt) in prompts.enumerated() where prompt.count != graph.graph.tokens.count {
      throw .unequalLengths(
        field: prompts.count > 1 ? "corrupted[\(index)]" : "corrupted", found: prompt.count,
        other: "the graph's prompt", expected: graph.graph.tokens.count)
    }
    switch name {
    case "zero":
      guard !isGiven else {
        throw .conflict(
          fields: ["replace", "corrupted"], reason: "zero takes nothing of another prompt")
      }
      replacement = .zero
    case "mean": replacement = isGiven ? .mean(prompts) : .ownMean
    default:
      guard let prompt = prompts.first else { throw .missing(field: "corrupted") }
      guard prompts.count == 1 else {
        throw .outOfRange(
          field: "corrupted", found: "\(prompts.count) prompts",
          allowed: "1 prompt, or with replace mean 1 to \(Self.promptLimit)")
      }
      replacement = .corrupted(prompt)
    }
    passes =
      unit == .edges
      ? EdgeCheck.passes(replacement)
      : CircuitCheck.passes(replacement, of: graph.graph, testsMinimality: testsMinimality)
    guard passes * graph.graph.tokens.count <= SweepRequest.tokenLimit else {
      throw .sweepTooLarge(
        passes: passes, tokens: graph.graph.tokens.count, limit: SweepRequest.tokenLimit)
    }
    let bytes = self.bytes(positions: graph.graph.tokens.count)
    guard bytes <= Double(budget) else {
      throw .captureTooLarge(estimate: Int(min(bytes, 1e18)), limit: budget)
    }
  }

  /// What is held of activations at once.
  private func bytes(positions: Int) -> Double {
    let catalogue = model.catalogue
    guard unit == .nodes else { return EdgeCheck.bytes(catalogue, positions: positions) }
    let width = catalogue.width(of: .headOutput) + catalogue.hiddenSize
    let numbers = Double(catalogue.layers) * Double(positions) * Double(width)
    // Captured as floats, and added up in double precision.
    let means = replacement == .zero ? 0 : numbers * 16
    return means + CircuitCheck.bytes(catalogue, positions: positions)
  }
}
