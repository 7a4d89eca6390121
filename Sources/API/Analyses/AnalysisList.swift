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
  private static let stream = Parameter(
    "stream", "boolean", "false", "Answers with the events of the run that it then is.")
  private static let detach = Parameter(
    "detach", "boolean", "false", "Answers 201 with a run, which goes on without its client.")
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
    stream,
    detach,
  ]

  private static let paths = [
    Parameter(
      "corrupted", "prompt, or array of prompts", nil, "As many as clean, of equal length."),
    Parameter(
      "receivers", "array of places, or of arrays of places", nil,
      "Which inputs are changed: a component of "
        + PathReceiver.Part.allCases.map(\.rawValue).joined(separator: ", ")
        + ", and but for logits layer, head, positions."),
    Parameter(
      "senders", "array of places, or of arrays of places", "each head before a receiver",
      "Whose outputs are exchanged: a component of "
        + PathSender.Part.allCases.map(\.rawValue).joined(separator: ", ")
        + ", layer, head, positions."),
    Parameter(
      "direction", "noising or denoising", "noising",
      "Whether senders are corrupted in the clean prompt, or restored in the corrupted one."),
    Parameter(
      "frozen", "array of heads, mlps", "both",
      "What is held between senders and receivers; heads alone lets paths pass feed-forward parts."),
    stream,
    detach,
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
    Entry(
      name: PathRequest.name,
      summary:
        "What of the logit difference goes from some parts of the model to the inputs of others, the outputs "
        + "of all others held fixed.",
      source: "Wang and others 2022; Goldowsky-Dill and others 2023",
      parameters: contrast + paths),
  ]

  /// What `POST /v1/analyses` finds as a graph, which the server then keeps.
  static let graphs = [
    Entry(
      name: GraphRequest.name,
      summary:
        "What made the next token: a graph from its logits back through heads to embeddings and "
        + "feed-forward parts, patterns and the scales of norms held fixed.",
      source: "Ameisen and others 2025",
      parameters: [
        Parameter(
          "prompt", "string", "one of prompt, messages, tokens and run_id", "What is followed back."
        ),
        Parameter("messages", "array of messages", "see prompt", "A conversation instead."),
        Parameter("tokens", "array of token ids", "see prompt", "Tokens instead."),
        Parameter("run_id", "string", "see prompt", "A run that a model computes or computed."),
        Parameter("step", "integer", "the run's last token", "Of a run: the pass that made it."),
        Parameter(
          "answer", "token id, or text of one token", "the likeliest, up to 0.95 and 10 of them",
          "Whose logit is followed back."),
        Parameter(
          "wrong", "token id, or text of one token", "the mean of all",
          "Whose logit is taken off the answer's."),
        Parameter("node_threshold", "number from 0 to 1", "0.8", "The share of influence kept."),
        Parameter("edge_threshold", "number from 0 to 1", "0.98", "The same of links."),
        Parameter(
          "max_nodes", "integer", "1400, or all where node_threshold is 1",
          "Nodes besides tokens and logits, at most."),
        stream,
        detach,
      ])
  ]

  /// What it finds in the weights alone.
  static let weights = [
    Entry(
      name: WeightsRequest.name,
      summary:
        "What each head asks for and moves by its weights, how much it copies, and which heads read what "
        + "earlier ones write.",
      source: "Elhage and others 2021; Millidge and Black 2022",
      parameters: [
        layers,
        Parameter(
          "fold_norms", "boolean", "true", "Whether the gains of norms count as weights."),
        Parameter(
          "directions", "integer from 0 to \(WeightsRequest.mostDirections)", "3",
          "Pairs of singular vectors of each circuit that are told as tokens."),
        Parameter(
          "top", "integer from 1 to \(WeightsRequest.mostTokens)", "5", "Tokens of each vector."),
        Parameter("vectors", "boolean", "false", "Whether the vectors themselves are told."),
        Parameter(
          "edges", "integer from 0 to \(WeightsRequest.mostEdges)", "100",
          "The strongest compositions of each kind that are told."),
        stream,
        detach,
      ])
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
