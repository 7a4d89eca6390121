internal import OrderedCollections
internal import Engine
internal import HTTP
internal import Hooks
internal import Interpretability
internal import JSON
internal import Tokenizers

/// A body of `/v1/circuits/discover`: which places matter for what comes behind a prompt, one change after the other.
struct CircuitRequest: Sendable {
  /// Tokens that all passes together may compute.
  private static let tokenLimit = 4 << 20
  /// Members that the other server's clients send, and why they change nothing.
  private static let unused = [
    ("confidence_threshold", "no confidence is computed: a pass is repeated exactly"),
    ("max_tokens", "effects are measured on the next token"),
  ]

  /// One place that is changed.
  private struct Place: Sendable {
    let layerName: String
    let component: String
    let edit: PlaceEdit
  }

  let phenomenon: String
  private let places: [Place]
  private let edits: PlaceEdits
  private let most: Int
  /// What is told of members that were sent and not used.
  let remarks: [String]

  init(_ fields: Fields, models: ModelTable, budget: Int) throws(Refusal) {
    let model = try models.runnable(fields)
    let tokens = try fields.plainPrompt(model).tokens
    phenomenon = try fields.string("phenomenon") ?? "general"
    guard phenomenon.utf8.count <= 200 else {
      throw .outOfRange(
        field: "phenomenon", found: "\(phenomenon.utf8.count) bytes", allowed: "at most 200 bytes")
    }
    most = try fields.integer("max_circuits", in: 1...10_000) ?? 10
    _ = try fields.number("confidence_threshold", in: 0...1)
    _ = try fields.integer("max_tokens", in: 1...Int(Int32.max))
    remarks = Self.unused.filter { fields[$0.0] != nil }.map { "\($0.0) is not used: \($0.1)" }
    places = try Self.places(fields, model.catalogue)
    let passes = places.count + 2
    guard passes <= Self.tokenLimit / tokens.count else {
      throw .sweepTooLarge(passes: passes, tokens: tokens.count, limit: Self.tokenLimit)
    }
    edits = PlaceEdits(
      edits: places.map(\.edit), model: model, tokens: tokens, baseline: nil)
    try edits.check(budget: budget)
  }

  private static func places(
    _ fields: Fields, _ catalogue: HookCatalogue
  ) throws(Refusal) -> [Place] {
    let layers =
      try list(fields, "target_layers")
      ?? stride(from: 0, to: catalogue.layers, by: 4).map { "model.layers.\($0)" }
    let components = try list(fields, "target_components") ?? ["attention", "mlp"]
    var kinds: [PlaceEdit.Kind] = []
    for (index, name) in (try list(fields, "intervention_types") ?? ["zero_ablation"]).enumerated()
    {
      let field = "intervention_types[\(index)]"
      let kind = try PlaceEdit.kind(name, field: field)
      guard kind != .patch else {
        throw .notImplemented(
          field: field, found: "\"\(name)\"",
          reason: "it needs a second prompt; POST /v1/analyses with activation_patching takes two")
      }
      guard kind != .scale else {
        throw .notImplemented(
          field: field, found: "\"\(name)\"",
          reason: "its strength of 1 changes nothing; POST /v1/activations/patch takes another")
      }
      kinds.append(kind)
    }
    var places: [Place] = []
    for (index, layer) in layers.enumerated() {
      for component in components {
        for kind in kinds {
          let field = "target_layers[\(index)]"
          let point = try HookReader(catalogue).point(
            layer, component, isInput: false, Fields(.object([:]), path: field + "."))
          places.append(
            Place(
              layerName: layer, component: component,
              edit: try PlaceEdit(point, kind, place: field, catalogue)))
        }
      }
    }
    return places
  }

  /// Texts of which there is at least one, and none twice.
  private static func list(_ fields: Fields, _ member: String) throws(Refusal) -> [String]? {
    guard let texts = try fields.strings(member) else { return nil }
    guard (1...1024).contains(texts.count), Set(texts).count == texts.count else {
      throw .outOfRange(
        field: member, found: "\(texts.count) entries, \(Set(texts).count) different ones",
        allowed: "1 to 1024 different ones")
    }
    return texts
  }

  /// The answer: the places by what their change does to what comes next, the largest effect first.
  ///
  /// A client that leaves ends it between two passes.
  func answer(on engine: Engine) async throws(Refusal) -> [UInt8] {
    let clock = ContinuousClock()
    let began = clock.now
    let interventions = try await edits.interventions(on: engine)
    var found: [(place: Place, effect: Float, change: Float)] = []
    var answer: TokenScore?
    do {
      let before = try await NextToken.run(edits.tokens, on: engine, edits.model)
      answer = before.top(1).first
      for (place, intervention) in zip(places, interventions) {
        let after = try await NextToken.run(
          edits.tokens, on: engine, edits.model, interventions: [intervention])
        let change = answer.map { after.logprobs[Int($0.token)] - $0.logprob } ?? 0
        found.append((place, before.divergence(to: after), change))
      }
    } catch {
      throw .engine(error)
    }
    let time = began.duration(to: clock.now) / .seconds(1)
    // Equal effects stay in the order of the request.
    let ranked = found.map(\.effect).placesOfLargest(most).map { found[$0] }
    return JSONWriter.object { writer in
      writer.member("success", true)
      writer.member("model", edits.model.info.id)
      writer.array("circuits") { writer in
        for one in ranked { write(one.place, one.effect, one.change, &writer) }
      }
      writer.member("phenomenon", phenomenon)
      writer.member("execution_time", time)
      writer.member("total_results", found.count)
      writer.member("metric", PlaceEdits.metric)
      writer.member("answer", answer.map { edits.model.tokenizer.piece($0.token) })
      writer.member("not_computed", ["circuits[].confidence"])
    }
  }

  private func write(
    _ place: Place, _ effect: Float, _ change: Float, _ writer: inout JSONWriter
  ) {
    let kind = place.edit.kind.rawValue
    writer.object { writer in
      writer.member("circuit_id", "\(phenomenon)_\(place.layerName)_\(place.component)")
      writer.member("phenomenon", phenomenon)
      writer.member("layer_name", place.layerName)
      writer.member("component", place.component)
      writer.member("intervention_type", kind)
      writer.member("causal_effect", effect)
      writer.member("answer_logprob_change", change)
      writer.member("confidence", JSONValue.null)
      writer.member(
        "description", "\(kind) of \(place.component) at \(place.layerName), all positions")
    }
  }
}
