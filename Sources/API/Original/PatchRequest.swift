internal import Engine
internal import Interpretability
internal import JSON
internal import Tokenizers

/// A body of `/v1/activations/patch`: changes of the pass over a prompt, all of them at once.
struct PatchRequest: Sendable {
  /// Tokens that are told of each expectation.
  private static let most = 5

  let edits: PlaceEdits

  private var model: LoadedModel { edits.model }

  init(_ fields: Fields, models: ModelTable, budget: Int) throws(Refusal) {
    let model = try models.runnable(fields)
    let tokens = try fields.plainPrompt(model).tokens
    guard let list = try fields.objects("interventions"), !list.isEmpty else {
      throw .missing(field: "interventions")
    }
    guard list.count <= 256 else {
      throw .outOfRange(
        field: "interventions", found: "\(list.count) interventions", allowed: "at most 256")
    }
    var made: [PlaceEdit] = []
    for one in list {
      made.append(try PlaceEdit(one, promptTokens: tokens.count, model.catalogue))
    }
    var baseline: [Token]?
    if let text = try fields.string("baseline_prompt") {
      guard made.contains(where: { $0.kind == .patch }) else {
        throw .conflict(
          fields: ["baseline_prompt", "interventions"],
          reason: "only activation_patching takes anything from another prompt")
      }
      let other = try model.tokens(ofPrompt: text, field: "baseline_prompt")
      guard other.count == tokens.count else {
        throw .unequalLengths(
          field: "baseline_prompt", found: other.count, other: "prompt", expected: tokens.count)
      }
      baseline = other
    } else if made.contains(where: { $0.kind == .patch }) {
      throw .missing(field: "baseline_prompt")
    }
    edits = PlaceEdits(edits: made, model: model, tokens: tokens, baseline: baseline)
    try edits.check(budget: budget)
  }

  /// The answer, from a pass with the changes and one without.
  func answer(on engine: Engine) async throws(Refusal) -> [UInt8] {
    let clock = ContinuousClock()
    let began = clock.now
    let interventions = try await edits.interventions(on: engine)
    let (before, after): (NextToken, NextToken)
    do {
      before = try await NextToken.run(edits.tokens, on: engine, model)
      after = try await NextToken.run(
        edits.tokens, on: engine, model, interventions: interventions)
    } catch {
      throw .engine(error)
    }
    let time = began.duration(to: clock.now) / .seconds(1)
    return JSONWriter.object { writer in
      writer.member("success", true)
      writer.member("model", model.info.id)
      writer.object("results") { writer in
        write("baseline", before, &writer)
        write("intervened", after, &writer)
        writer.member("causal_effect", before.divergence(to: after))
        writer.member("metric", PlaceEdits.metric)
      }
      writer.member("intervention_count", interventions.count)
      writer.member("execution_time", time)
    }
  }

  /// What comes next, under one member.
  private func write(_ name: String, _ expectation: NextToken, _ writer: inout JSONWriter) {
    writer.array(name) { writer in
      for score in expectation.top(Self.most) {
        writer.object { writer in
          writer.member("token_id", Int(score.token))
          writer.member("text", model.tokenizer.piece(score.token))
          writer.member("logprob", score.logprob)
        }
      }
    }
  }
}

extension PlaceEdits {
  /// What a change's effect is.
  static let metric = "kl_divergence"

  /// Bounds the memory of what is read before.
  func check(budget: Int) throws(Refusal) {
    let bytes = keptNumbers * MemoryLayout<Float>.size
    guard bytes <= budget else { throw .captureTooLarge(estimate: bytes, limit: budget) }
  }
}
