internal import Engine
internal import JSON
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
  func json(_ token: Token) -> JSONValue {
    ["token_id": JSONValue(Int(token)), "text": .string(model.tokenizer.piece(token))]
  }

  /// A token with its logarithm.
  func json(_ score: TokenScore) -> JSONValue {
    [
      "token_id": JSONValue(Int(score.token)),
      "text": .string(model.tokenizer.piece(score.token)), "logprob": .float(score.logprob),
    ]
  }
}

extension LiveAnalysis {
  /// What the analysis finds in a pass; nil where the pass holds nothing for it.
  func result(of pass: AnalysedPass) async -> JSONValue? {
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
  ) async -> JSONValue {
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

  private static func json(_ place: TokenReading.Place) -> JSONValue {
    [
      "logit": .float(place.logit), "logprob": .float(place.score.logprob),
      "rank": JSONValue(place.rank),
    ]
  }

  private func attribution(
    _ captured: CapturedPass, answer: Token, versus: Token?, heads: Bool, _ pass: AnalysedPass
  ) async -> JSONValue? {
    let found = await DirectLogitAttribution.read(
      captured, answer: answer, against: versus, heads: heads, on: pass.engine, pass.model)
    guard let found else { return nil }
    var members: [JSONValue.Member] = [.init("token", pass.json(answer))]
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
    return JSONValue(members: members)
  }

  private func scores(_ scores: HeadScores, layers: [Int]) -> JSONValue {
    let kinds: [(name: String, scores: [[Float]], count: Int)] = [
      ("previous_token", scores.previousToken, scores.previousCount),
      ("duplicate_token", scores.duplicateToken, scores.repeatedCount),
      ("induction", scores.induction, scores.repeatedCount),
    ]
    var members: [JSONValue.Member] = [.init("layers", Self.list(layers))]
    members += kinds.map { .init($0.name, .array($0.scores.map(Self.list))) }
    let counts = kinds.map { JSONValue.Member($0.name, JSONValue($0.count)) }
    members.append(.init("counts", JSONValue(members: counts)))
    let best = kinds.map { JSONValue.Member($0.name, Self.best($0.scores, layers)) }
    members.append(.init("best", JSONValue(members: best)))
    return JSONValue(members: members)
  }

  /// The head with the largest score.
  private static func best(_ scores: [[Float]], _ layers: [Int]) -> JSONValue {
    let heads = zip(layers, scores).flatMap { layer, row in
      row.enumerated().map { (layer: layer, head: $0.offset, score: $0.element) }
    }
    guard let best = heads.max(by: { $0.score < $1.score }) else { return .null }
    return [
      "layer": JSONValue(best.layer), "head": JSONValue(best.head), "score": .float(best.score),
    ]
  }

  private static func list(_ numbers: [Float]) -> JSONValue { .array(numbers.map { .float($0) }) }
  private static func list(_ numbers: [Int]) -> JSONValue {
    .array(numbers.map { JSONValue($0) })
  }
}
