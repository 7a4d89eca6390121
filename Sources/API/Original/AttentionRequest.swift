internal import Engine
internal import HTTP
internal import Interpretability
internal import JSON
internal import Tokenizers

/// A body of `/v1/analyze/attention`.
struct AttentionRequest: Sendable {
  /// What a head is called from which score on, in the order in which they are told.
  static let kinds:
    [(name: String, threshold: Float, score: @Sendable (AttentionSummary.Head) -> Float)] = [
      ("induction", 0.3, { $0.induction }), ("previous_token", 0.5, { $0.previousToken }),
      ("first_token", 0.4, { $0.firstToken }),
    ]
  /// What of the answer nothing here computes, so that it is empty.
  static let notComputed = [
    "cross_layer_dependencies", "token_attributions", "circuit_components", "visualization_data",
    "attention_heads[].circuit_role", "attention_patterns[].consistency",
    "attention_patterns[].token_positions",
  ]

  let model: LoadedModel
  let prompt: String
  let tokens: [Token]
  let layers: [Int]
  let scope: String

  init(_ fields: Fields, models: ModelTable, budget: Int) throws(Refusal) {
    model = try models.runnable(fields)
    (prompt, tokens) = try fields.plainPrompt(model)
    let scopes = ["head_level", "layer_level", "cross_layer", "global"]
    scope = try fields.choice("scope", scopes) ?? "head_level"
    guard scope != "cross_layer" else {
      throw .notImplemented(
        field: "scope", found: "\"cross_layer\"",
        reason: "likeness of patterns is no dependency; POST /v1/analyses with attribution_graph "
          + "follows what one layer gives another")
    }
    layers = try AnalysisReader(model).layers(fields)
    let (pairs, tooMany) = tokens.count.multipliedReportingOverflow(by: tokens.count)
    let bytes = model.info.heads * layers.count * MemoryLayout<Float>.size
    let (estimate, tooLarge) = pairs.multipliedReportingOverflow(by: bytes)
    guard !tooMany, !tooLarge, estimate <= budget else {
      throw .captureTooLarge(estimate: tooMany || tooLarge ? .max : estimate, limit: budget)
    }
  }

  /// The answer, from one pass over the prompt.
  func answer(on service: Service) async throws(Refusal) -> [UInt8] {
    let clock = ContinuousClock()
    let began = clock.now
    let pass: CapturedPass
    do {
      pass = try await PromptPass.run(
        tokens, on: service.engine, model, capturing: AttentionSummary.points(layers: layers))
    } catch {
      throw .engine(error)
    }
    let pairs = tokens.count * tokens.count * model.info.heads * layers.count
    return try await service.turn(bytes: pairs) { () throws(Refusal) in
      guard let summary = AttentionSummary(pass, layers: layers, tokens: tokens) else {
        throw .engine(.cancelled)
      }
      let time = began.duration(to: clock.now).components
      return json(
        summary.heads,
        milliseconds: Int(time.seconds * 1000 + time.attoseconds / 1_000_000_000_000_000))
    }
  }

  /// The kind with the largest score, where that reaches the kind's threshold.
  private func kind(of head: AttentionSummary.Head) -> (name: String, score: Float) {
    let found = Self.kinds.filter { $0.score(head) >= $0.threshold }
      .max { $0.score(head) < $1.score(head) }
    let largest = Self.kinds.map { $0.score(head) }.max() ?? 0
    return found.map { ($0.name, $0.score(head)) } ?? ("unknown", largest)
  }

  private func json(_ heads: [AttentionSummary.Head], milliseconds: Int) -> [UInt8] {
    let named = heads.map { (head: $0, kind: kind(of: $0)) }
    return JSONWriter.object { writer in
      writer.member("success", true)
      writer.member("model", model.info.id)
      writer.member("prompt", prompt)
      writer.member("scope", scope)
      writer.member("analyzed_layers", layers)
      writer.array("attention_heads") { writer in
        for (head, kind) in named { write(head, kind, &writer) }
      }
      let names = Self.kinds.map(\.name) + ["unknown"]
      let groups = names.map { name in (name, named.filter { $0.kind.name == name }) }
      writer.array("attention_patterns") { writer in
        for (name, group) in groups where !group.isEmpty && name != "unknown" {
          writer.object { writer in
            writer.member("pattern_type", name)
            writer.member(
              "strength", group.reduce(0) { $0 + $1.kind.score } / Float(group.count))
            writer.member("consistency", JSONValue.null)
            writer.member("head_count", group.count)
            writer.member("description", Self.description(name))
            writer.member("token_positions", [Int]())
          }
        }
      }
      writer.array("cross_layer_dependencies") { _ in }
      writer.object("token_attributions") { _ in }
      writer.array("circuit_components") { _ in }
      writer.object("pattern_statistics") { writer in
        writer.member("total_heads", heads.count)
        writer.object("pattern_counts") { writer in
          for (name, group) in groups { writer.member(name, group.count) }
        }
      }
      writer.object("visualization_data") { _ in }
      writer.member("execution_time_ms", milliseconds)
      writer.object("metadata") { writer in
        writer.member("analyzed_layers", layers)
        writer.member("num_tokens", tokens.count)
        writer.member("tokens", tokens.map { model.tokenizer.piece($0) })
      }
      writer.member("not_computed", Self.notComputed)
    }
  }

  private func write(
    _ head: AttentionSummary.Head, _ kind: (name: String, score: Float),
    _ writer: inout JSONWriter
  ) {
    let most = head.received.map { Int(tokens[$0]) }
    writer.object { writer in
      writer.member("layer", head.layer)
      writer.member("head", head.head)
      writer.member("pattern_type", kind.name)
      writer.member("confidence", kind.score)
      writer.member("circuit_role", "unknown_role")
      writer.member("key_tokens", most)
      writer.member("value_tokens", most)
      writer.object("metadata") { writer in
        writer.object("pattern_scores") { writer in
          for kind in Self.kinds { writer.member(kind.name, kind.score(head)) }
          writer.member("duplicate_token", head.duplicateToken)
        }
        writer.member("attention_entropy", head.entropy)
        writer.member("max_attention", head.largest)
        writer.member("attention_sparsity", head.sparsity)
        writer.member("key_positions", head.received)
      }
    }
  }

  private static func description(_ kind: String) -> String {
    switch kind {
    case "induction": "attends to what stood behind earlier occurrences of the token"
    case "previous_token": "attends to the token before"
    default: "attends to the first token"
    }
  }
}
