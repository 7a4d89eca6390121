internal import Engine
internal import Frames
internal import Hooks
internal import Interpretability
internal import Tokenizers

/// One finished pass of a run, as its analyses see it.
struct AnalysedPass: Sendable {
  let batch: CaptureBatch
  /// The run's prompt, and the token that the pass chose.
  let prompt: [Token]
  let chosen: Token
  let engine: Engine
  let model: LoadedModel

  /// The token behind a position: generated ones are seen one pass at a time.
  func following(_ position: Int) -> Token {
    position + 1 < prompt.count ? prompt[position + 1] : chosen
  }

  /// A token as results name it.
  func json(_ token: Token) -> EventValue {
    ["token_id": EventValue(Int(token)), "text": .string(model.tokenizer.piece(token))]
  }

  /// A token with its logarithm.
  func json(_ score: TokenScore) -> EventValue {
    [
      "token_id": EventValue(Int(score.token)),
      "text": .string(model.tokenizer.piece(score.token)), "logprob": .float(score.logprob),
    ]
  }
}

extension LiveAnalysis {
  /// What the analysis finds in a pass; nil where the pass holds nothing for it.
  func result(of pass: AnalysedPass) async -> EventValue? {
    let specs = captures(pass.model.catalogue, promptTokens: pass.prompt.count)
    let captured = CapturedPass(pass.batch, of: specs)
    guard !captured.isEmpty else { return nil }
    switch self {
    case .logitLens(let layers, _, let top):
      return await lens(captured, layers: layers, top: top, pass)
    case .directLogitAttribution(let answer, let versus, let heads):
      return await attribution(
        captured, answer: answer ?? pass.chosen, versus: versus, heads: heads, pass)
    case .headScores(let layers):
      return HeadScores(captured, layers: layers, tokens: pass.prompt).map {
        scores($0, layers: layers)
      }
    case .attentionEntropy(let layers, _):
      let entropy = AttentionEntropy(captured, layers: layers)
      return [
        "positions": Self.list(entropy.positions), "layers": Self.list(layers),
        "entropy": .array(entropy.layers.map { .array($0.map(Self.list)) }),
      ]
    }
  }

  private func lens(
    _ captured: CapturedPass, layers: [Int], top: Int, _ pass: AnalysedPass
  ) async -> EventValue {
    let lens = await LogitLens.read(
      captured, layers: layers, top: top, following: { pass.following($0) }, on: pass.engine,
      pass.model)
    return [
      "positions": Self.list(lens.positions),
      "targets": .array(lens.targets.map { $0.map { pass.json($0) } ?? .null }),
      "layers": Self.list(layers),
      "predictions": .array(
        lens.layers.map { row in
          .array(
            row.map { reading in
              [
                "top": .array(reading.top.map { pass.json($0) }),
                "target": reading.target.map(Self.json) ?? .null,
              ]
            })
        }),
    ]
  }

  private static func json(_ place: TokenReading.Place) -> EventValue {
    [
      "logit": .float(place.logit), "logprob": .float(place.score.logprob),
      "rank": EventValue(place.rank),
    ]
  }

  private func attribution(
    _ captured: CapturedPass, answer: Token, versus: Token?, heads: Bool, _ pass: AnalysedPass
  ) async -> EventValue? {
    let found = await DirectLogitAttribution.read(
      captured, answer: answer, against: versus, heads: heads, on: pass.engine, pass.model)
    guard let found else { return nil }
    var members: [EventValue.Member] = [.init("token", pass.json(answer))]
    if let versus { members.append(.init("versus", pass.json(versus))) }
    members += [
      .init("logit", .float(found.logit)), .init("sum", .float(found.total)),
      .init("embed", .float(found.embedding)),
    ]
    if let position = found.positionEmbedding {
      members.append(.init("pos_embed", .float(position)))
    }
    members += [
      .init("attn_out", Self.list(found.attention)), .init("mlp_out", Self.list(found.mlps)),
      .init("bias", .float(found.bias)),
    ]
    if heads { members.append(.init("heads", .array(found.heads.map(Self.list)))) }
    return .object(members)
  }

  private func scores(_ scores: HeadScores, layers: [Int]) -> EventValue {
    let kinds: [(name: String, scores: [[Float]], count: Int)] = [
      ("previous_token", scores.previousToken, scores.previousCount),
      ("duplicate_token", scores.duplicateToken, scores.repeatedCount),
      ("induction", scores.induction, scores.repeatedCount),
    ]
    return .object(
      [.init("layers", Self.list(layers))]
        + kinds.map { .init($0.name, .array($0.scores.map(Self.list))) }
        + [
          .init("counts", .object(kinds.map { .init($0.name, EventValue($0.count)) })),
          .init("best", .object(kinds.map { .init($0.name, Self.best($0.scores, layers)) })),
        ])
  }

  /// The head with the largest score.
  private static func best(_ scores: [[Float]], _ layers: [Int]) -> EventValue {
    let heads = zip(layers, scores).flatMap { layer, row in
      row.enumerated().map { (layer: layer, head: $0.offset, score: $0.element) }
    }
    guard let best = heads.max(by: { $0.score < $1.score }) else { return .null }
    return [
      "layer": EventValue(best.layer), "head": EventValue(best.head), "score": .float(best.score),
    ]
  }

  private static func list(_ numbers: [Float]) -> EventValue { .array(numbers.map { .float($0) }) }
  private static func list(_ numbers: [Int]) -> EventValue {
    .array(numbers.map { EventValue($0) })
  }
}
