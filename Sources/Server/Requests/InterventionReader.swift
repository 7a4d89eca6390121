package import Hooks
internal import Tokenizers

/// Reads interventions as runs and sockets write them.
package struct InterventionReader: Sendable {
  /// Finds the captured rows of another run, for patching.
  package typealias Source =
    @Sendable (_ runID: String, _ hookID: String, _ point: HookPoint)
    async throws(Refusal) -> (rows: [Float], width: Int, firstPosition: Int)

  static let kinds = [
    "zero", "mean", "scale", "add", "clamp", "noise", "patch", "force_experts", "ban_experts",
  ]
  /// Names of older clients.
  private static let aliases = [
    "zero_ablation": "zero", "mean_ablation": "mean", "noise_injection": "noise",
    "activation_patching": "patch", "scaled_intervention": "scale", "steer": "add",
  ]

  let catalogue: HookCatalogue
  let source: Source

  package init(_ catalogue: HookCatalogue, source: @escaping Source) {
    self.catalogue = catalogue
    self.source = source
  }

  /// Reads several whose ids must differ; those without an id are named after their place.
  package func interventions(_ list: [Fields]) async throws(Refusal) -> [Intervention] {
    var result: [Intervention] = []
    for (index, fields) in list.enumerated() {
      let one = try await intervention(fields, defaultID: "intervention_\(index)")
      guard !result.contains(where: { $0.id == one.id }) else {
        throw .repeatedIntervention(id: one.id, field: fields.name("intervention_id"))
      }
      result.append(one)
    }
    return result
  }

  /// Reads one and checks it against the model.
  package func intervention(
    _ fields: Fields, defaultID: String
  ) async throws(Refusal) -> Intervention {
    let named = try fields.choice("kind", Self.kinds + Self.aliases.keys.sorted())
    guard let named else { throw .missing(field: fields.name("kind")) }
    let kind = Self.aliases[named] ?? named
    try checkMembers(fields)
    let point = try point(fields, kind: kind)
    let first = try fields.integer("from_step", in: 0...Int(Int32.max)) ?? 0
    let last = try fields.integer("to_step", in: 0...Int(Int32.max))
    if let last, last < first {
      throw .outOfRange(
        field: fields.name("to_step"), found: "\(last)", allowed: "at least from_step (\(first))")
    }
    let intervention = Intervention(
      id: try fields.string("intervention_id") ?? defaultID, point: point,
      change: try await change(kind, fields, at: point),
      positions: try HookReader(catalogue).positions(fields), heads: try fields.integers("heads"),
      neurons: try columns(fields, kind: kind, at: point), fromStep: first, toStep: last)
    do {
      try intervention.check(catalogue)
    } catch {
      throw .intervention(error, field: place(fields))
    }
    return intervention
  }

  /// Refuses a wrong value in every member, also in those that the kind does not use.
  private func checkMembers(_ fields: Fields) throws(Refusal) {
    _ = try fields.number("strength", in: -1e6...1e6)
    _ = try fields.number("std", in: 0...1e6)
    for name in ["low", "high"] { _ = try fields.number(name, in: -3e38...3e38) }
    _ = try fields.integer("seed")
    _ = try fields.integers("experts")
    _ = try fields.floats("vector")
    let source = try fields.object("source")
    for name in ["run_id", "hook_id", "rows"] { _ = try source?.string(name) }
    _ = try source?.integer("first_position", in: 0...Int(Int32.max))
  }

  private func place(_ fields: Fields) -> String {
    fields.path.isEmpty ? "intervention" : String(fields.path.dropLast())
  }

  private func point(_ fields: Fields, kind: String) throws(Refusal) -> HookPoint {
    guard let layerName = try fields.string("layer_name") else {
      throw .missing(field: fields.name("layer_name"))
    }
    guard let component = try fields.string("component") else {
      throw .missing(field: fields.name("component"))
    }
    let point = try HookReader(catalogue).point(
      layerName, component, isInput: try fields.bool("is_input") ?? false, fields)
    // Experts are chosen at the router, whichever of the layer's names was used.
    guard kind == "force_experts" || kind == "ban_experts", catalogue.experts > 0, point.layer >= 0
    else { return point }
    return HookPoint(.routerLogits, layer: point.layer)
  }

  /// Elements of the last axis, which are experts at the router's logits.
  private func columns(
    _ fields: Fields, kind: String, at point: HookPoint
  ) throws(Refusal) -> [Int]? {
    let neurons = try fields.integers("neurons")
    guard kind != "force_experts", kind != "ban_experts",
      let experts = try fields.integers("experts")
    else { return neurons }
    guard point.site == .routerLogits else {
      throw .selection(
        field: fields.name("experts"), reason: "experts are selected at the router's logits only")
    }
    guard neurons == nil else {
      throw .conflict(
        fields: [fields.name("neurons"), fields.name("experts")], reason: "both name the last axis")
    }
    return experts
  }

  private func change(
    _ kind: String, _ fields: Fields, at point: HookPoint
  ) async throws(Refusal) -> Intervention.Change {
    switch kind {
    case "zero": return .zero
    case "mean": return .mean(vector: try vector(fields))
    case "scale": return .scale(try fields.float("strength", in: -1e6...1e6) ?? 1)
    case "add":
      return .add(
        vector: try vector(fields), strength: try fields.float("strength", in: -1e6...1e6) ?? 1)
    case "clamp": return try clamp(fields)
    case "noise":
      let strength = try fields.float("strength", in: 0...1e6) ?? 1
      let deviation = try fields.float("std", in: 0...1e6) ?? strength
      let seed = try fields.integer("seed") ?? 0
      return .noise(standardDeviation: deviation, seed: UInt64(bitPattern: Int64(seed)))
    case "patch": return try await patch(fields, at: point)
    case "force_experts": return .forceExperts(try experts(fields))
    default: return .banExperts(try experts(fields))
    }
  }

  private func vector(_ fields: Fields) throws(Refusal) -> [Float] {
    guard let vector = try fields.floats("vector") else {
      throw .missing(field: fields.name("vector"))
    }
    return vector
  }

  private func experts(_ fields: Fields) throws(Refusal) -> [Int] {
    guard let experts = try fields.integers("experts") else {
      throw .missing(field: fields.name("experts"))
    }
    return experts
  }

  private func clamp(_ fields: Fields) throws(Refusal) -> Intervention.Change {
    let low = try fields.float("low", in: -3e38...3e38) ?? -.greatestFiniteMagnitude
    let high = try fields.float("high", in: -3e38...3e38) ?? .greatestFiniteMagnitude
    guard low <= high else {
      throw .outOfRange(
        field: fields.name("low"), found: "\(low)", allowed: "at most high (\(high))")
    }
    return .clamp(low: low, high: high)
  }

  private func patch(
    _ fields: Fields, at point: HookPoint
  ) async throws(Refusal) -> Intervention.Change {
    guard let place = try fields.object("source") else {
      throw .missing(field: fields.name("source"))
    }
    if let rows = try PatchRows(place, at: point, catalogue) {
      return .patch(rows: rows.values, width: rows.width, firstPosition: rows.firstPosition)
    }
    guard let run = try place.string("run_id") else { throw .missing(field: place.name("run_id")) }
    guard let hook = try place.string("hook_id") else {
      throw .missing(field: place.name("hook_id"))
    }
    let rows = try await source(run, hook, point)
    return .patch(rows: rows.rows, width: rows.width, firstPosition: rows.firstPosition)
  }
}
