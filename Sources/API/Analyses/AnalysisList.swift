internal import Hooks
internal import Interpretability

/// The analyses there are, one entry each: their names, and what `GET /v1/analyses` tells of them.
enum AnalysisList {
  /// One analysis.
  struct Entry: Sendable {
    let name: String
    /// What it computes, and who described it.
    let summary: String
    let source: String
    let parameters: [Parameter]
  }

  /// A member that a request may set.
  struct Parameter: Sendable {
    let name: String
    let type: String
    /// In words; nil where it must be given.
    let preset: String?
    let meaning: String

    init(_ name: String, _ type: String, _ preset: String?, _ meaning: String) {
      self.name = name
      self.type = type
      self.preset = preset
      self.meaning = meaning
    }
  }

  private static let layers = Parameter(
    "layers", "array of integers", "all", "The layers that are looked at.")
  private static let contrast = [
    Parameter(
      "clean", "prompt, or array of prompts", nil,
      "A text, {prompt}, {messages} or {tokens}; all of one length."),
    Parameter(
      "answer", "token id, or text of one token", nil, "What should come; or one a prompt."),
    Parameter("wrong", "token id, or text of one token", nil, "What should not; or one a prompt."),
  ]
  private static let places = [
    Parameter(
      "component", "one of " + SweepRequest.components.map(\.name).joined(separator: ", "),
      nil, "What is changed."),
    Parameter(
      "by", "one of layer, head, position", "head where there are heads, else see the analysis",
      "What a place is, besides its layer."),
    layers,
    Parameter("stream", "boolean", "false", "Server-sent events: progress, then the result."),
  ]

  /// What `POST /v1/analyses` computes from passes of its own.
  static let sweeps = [
    Entry(
      name: "activation_patching",
      summary: "How much of the logit difference comes back where one place of a clean run is put "
        + "into a corrupted one, by position unless the component has heads.",
      source: "Meng and others 2022",
      parameters: contrast + [
        Parameter(
          "corrupted", "prompt, or array of prompts", nil, "As many as clean, of equal length.")
      ] + places),
    Entry(
      name: "ablation",
      summary: "What the logit difference loses where one place is taken away, by layer unless the "
        + "component has heads.",
      source: "Wang and others 2022",
      parameters: contrast + [
        Parameter(
          "kind", "zero or mean", "zero", "By 0, or by the mean over two prompts or more.")
      ] + places),
  ]

  /// What a run computes as it streams (`analyses` of `POST /v1/runs`).
  static let live = Analyses.live.map { analysis in
    Entry(
      name: analysis.name, summary: analysis.summary, source: analysis.source,
      parameters: analysis.parameters.map { Parameter($0) })
  }
}

extension AnalysisList.Parameter {
  init(_ parameter: Hooks.Parameter) {
    self.init(
      parameter.name, parameter.kind.description, parameter.preset, parameter.meaning)
  }
}
