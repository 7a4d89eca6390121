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
  private static let positions = Parameter(
    "positions", "selection of positions", "last", "As of hooks; the last one of each pass.")

  /// What a run computes as it streams (`analyses` of `POST /v1/runs`).
  static let live = [
    Entry(
      name: "logit_lens",
      summary: "What each layer's residual stream says of the next token: the last norm and the "
        + "unembedding applied to it.",
      source: "nostalgebraist 2020",
      parameters: [
        layers, positions,
        Parameter("top", "integer from 1 to 50", "5", "Tokens named at each place."),
      ]),
    Entry(
      name: "direct_logit_attribution",
      summary: "The chosen token's logit as a sum over embedding, attention, MLP and heads of all "
        + "layers, the last norm's scale frozen.",
      source: "Elhage and others 2021",
      parameters: [
        Parameter("answer", "token id, or text of one token", "the chosen token", "Whose logit."),
        Parameter(
          "versus", "token id, or text of one token", "none",
          "Its logit is taken off: a difference."
        ),
        Parameter("heads", "boolean", "true", "Whether attention is split by head."),
      ]),
    Entry(
      name: "head_scores",
      summary: "How much each head attends over the prompt like a previous-token, duplicate-token "
        + "or induction head.",
      source: "Olsson and others 2022",
      parameters: [layers]),
    Entry(
      name: "attention_entropy",
      summary: "How spread out each head's attention is, in nats.",
      source: "Shannon 1948",
      parameters: [layers, positions]),
  ]
}
