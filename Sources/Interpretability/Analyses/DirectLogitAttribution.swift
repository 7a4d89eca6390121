package import Engine
package import Hooks
package import Tokenizers

/// A token's score at the last position as a sum over what was added to the residual stream (Elhage and others 2021).
///
/// The last norm's scale is frozen at the one of the pass, as TransformerLens does, so the parts add up; biases of the
/// last norm and the head are one part more. With a second token all of it is of the difference of their scores.
package struct DirectLogitAttribution: Sendable {
  /// The sum of all parts is the score within this share of the sum of their magnitudes: what float32 leaves.
  package static let tolerance: Float = 1e-4

  /// The score itself, or the difference, as the model computes it.
  package let logit: Float
  package let embedding: Float
  /// Of a learned position embedding; nil where the model has none.
  package let positionEmbedding: Float?
  /// `[layer]`: what attention and the feed-forward part added.
  package let attention: [Float]
  package let mlps: [Float]
  /// `[layer][head]`: the heads' shares of `attention`, whose rest is its bias; empty where they were not asked for.
  package let heads: [[Float]]
  package let bias: Float

  /// The sum of all parts: the score itself, within rounding, unless an intervention changed the stream between them.
  package var total: Float {
    embedding + (positionEmbedding ?? 0) + attention.reduce(0, +) + mlps.reduce(0, +) + bias
  }

  /// What it must see of a pass.
  package static func captures(_ catalogue: HookCatalogue, heads: Bool) -> [CaptureSpec] {
    var sites: [HookSite] = [.attentionAdded, .mlpAdded]
    if heads { sites += [.headOutput, .attentionOutput] }
    let points =
      embeddings(catalogue)
      + (0..<catalogue.layers).flatMap { layer in sites.map { HookPoint($0, layer: layer) } }
      + [HookPoint(.residualPost, layer: catalogue.layers - 1)]
    return points.map { CaptureSpec(analysing: $0, .last) }
  }

  private static func embeddings(_ catalogue: HookCatalogue) -> [HookPoint] {
    [.embedding, .positionEmbedding].filter { catalogue.sites.contains($0) }.map { HookPoint($0) }
  }

  /// Reads one pass.
  ///
  /// - Parameters:
  ///   - answer: the token whose score is taken apart; one of the vocabulary, like the other.
  ///   - other: a token whose score is taken off.
  /// - Returns: nil where the pass did not keep what ``captures(_:heads:)`` asks for.
  package static func read(
    _ pass: CapturedPass, answer: Token, against other: Token?, heads: Bool, on engine: Engine,
    _ model: LoadedModel
  ) async -> DirectLogitAttribution? {
    let layers = model.info.layers
    let stream = pass.tensor(HookPoint(.residualPost, layer: layers - 1)).values
    let embeddings = embeddings(model.catalogue)
    let attention = (0..<layers).map { HookPoint(.attentionAdded, layer: $0) }
    let mlps = (0..<layers).map { HookPoint(.mlpAdded, layer: $0) }
    let parts = (embeddings + attention + mlps).flatMap { pass.tensor($0).values }
    let asked = [answer] + (other.map { [$0] } ?? [])
    let scores = await engine.unembed(
      model, rows: asked.flatMap { _ in stream }[...], top: 0, targets: asked
    ).compactMap(\.target?.logit)
    guard parts.count == (embeddings.count + 2 * layers) * model.info.hiddenSize,
      stream.count == model.info.hiddenSize, scores.count == asked.count
    else { return nil }
    let shares = await engine.attribute(
      model, parts: parts, stream: stream, answer: answer, against: other)
    var byHead: [[Float]] = []
    for layer in 0..<(heads ? layers : 0) {
      byHead.append(
        await engine.attributeHeads(
          model, layer: layer, heads: pass.tensor(HookPoint(.headOutput, layer: layer)).values,
          output: pass.tensor(HookPoint(.attentionOutput, layer: layer)).values, stream: stream,
          answer: answer, against: other))
    }
    let first = embeddings.count
    return DirectLogitAttribution(
      logit: scores[0] - (scores.count > 1 ? scores[1] : 0), embedding: shares.parts[0],
      positionEmbedding: first > 1 ? shares.parts[1] : nil,
      attention: Array(shares.parts[first..<first + layers]),
      mlps: Array(shares.parts[(first + layers)...]), heads: byHead, bias: shares.bias)
  }

  /// Takes apart a prompt's logit difference.
  package static func run(
    _ prompt: ContrastPrompt, heads: Bool = false, on engine: Engine, _ model: LoadedModel
  ) async throws(EngineError) -> DirectLogitAttribution? {
    let points = captures(model.catalogue, heads: heads).map(\.point)
    let pass = try await PromptPass.run(
      prompt.tokens, on: engine, model, capturing: points, positions: .last)
    return await read(
      pass, answer: prompt.answer, against: prompt.wrong, heads: heads, on: engine, model)
  }
}

extension DirectLogitAttribution {
  /// The attribution of the token that each pass chose, or of one that is given.
  package struct Live: LiveAnalysis {
    package static let name = "direct_logit_attribution"
    package static let summary =
      "The chosen token's logit as a sum over embedding, attention, MLP and heads of all "
      + "layers, the last norm's scale frozen."
    package static let source = "Elhage and others 2021"
    package static let parameters = [
      Parameter("answer", .token, "the chosen token", "Whose logit."),
      Parameter("versus", .token, "none", "Its logit is taken off: a difference."),
      Parameter("heads", .flag, "true", "Whether attention is split by head."),
    ]

    private let answer: Token?
    private let versus: Token?
    private let heads: Bool

    package init(_ values: ParameterValues, _ catalogue: HookCatalogue) {
      answer = values.token("answer")
      versus = values.token("versus")
      heads = values.flag("heads") ?? true
    }

    package func captures(_ catalogue: HookCatalogue, promptTokens: Int) -> [CaptureSpec] {
      DirectLogitAttribution.captures(catalogue, heads: heads)
    }

    package func resultNumbers(
      _ catalogue: HookCatalogue, promptTokens: Int
    ) -> (prompt: Double, later: Double) {
      let parts = Double(catalogue.layers * (heads ? 2 + catalogue.heads : 2))
      return (parts, parts)
    }

    package func result(of captured: CapturedPass, _ pass: AnalysedPass) async -> Finding? {
      let answer = answer ?? pass.chosen
      let found = await DirectLogitAttribution.read(
        captured, answer: answer, against: versus, heads: heads, on: pass.engine, pass.model)
      guard let found else { return nil }
      var members: [(name: String, value: Finding)] = [("token", pass.named(answer))]
      if let versus { members.append(("versus", pass.named(versus))) }
      members += [
        ("logit", .number(found.logit)), ("sum", .number(found.total)),
        ("embed", .number(found.embedding)),
      ]
      if let position = found.positionEmbedding {
        members.append(("pos_embed", .number(position)))
      }
      members += [
        ("attn_out", .numbers(found.attention)), ("mlp_out", .numbers(found.mlps)),
        ("bias", .number(found.bias)),
      ]
      if heads { members.append(("heads", .numbers(found.heads))) }
      return .members(members)
    }
  }
}
