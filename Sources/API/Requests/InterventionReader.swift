package import Hooks
internal import Runs
internal import Tokenizers

/// Reads interventions as runs and sockets write them.
package struct InterventionReader: Sendable {
  /// Finds the captured rows of another run, for patching.
  package typealias Source =
    @Sendable (_ runID: String, _ hookID: String, _ point: HookPoint)
    async throws(Refusal) -> (rows: [Float], width: Int, firstPosition: Int)

  let catalogue: HookCatalogue
  let source: Source

  package init(_ catalogue: HookCatalogue, source: @escaping Source) {
    self.catalogue = catalogue
    self.source = source
  }

  /// Reads several whose ids must differ; those without an id are named after their place.
  package func interventions(_ list: [Fields]) async throws(Refusal) -> [Intervention] {
    let limit = RunOrder.mostInterventions
    guard list.count <= limit else {
      throw .outOfRange(
        field: "interventions", found: "\(list.count) interventions", allowed: "at most \(limit)")
    }
    var ids: Set<String> = []
    var result: [Intervention] = []
    for (index, fields) in list.enumerated() {
      let one = try await intervention(fields, defaultID: "intervention_\(index)")
      guard ids.insert(one.id).inserted else {
        throw .repeatedIntervention(id: one.id, field: fields.name("intervention_id"))
      }
      result.append(one)
    }
    return result
  }

  private func id(_ fields: Fields) throws(Refusal) -> String? {
    guard let id = try fields.string("intervention_id") else { return nil }
    guard !id.isEmpty, id.utf8.count <= 200 else {
      throw .outOfRange(
        field: fields.name("intervention_id"), found: "\(id.utf8.count) bytes",
        allowed: "1 to 200 bytes")
    }
    return id
  }

  /// Reads one and checks it against the model.
  package func intervention(
    _ fields: Fields, defaultID: String
  ) async throws(Refusal) -> Intervention {
    let kind = try kind(fields)
    let reader = ParameterReader(catalogue)
    try reader.check(Changes.all.flatMap { $0.parameters }, fields)
    let point = try point(fields, kind: kind)
    let first = try fields.integer("from_step", in: 0...Int(Int32.max)) ?? 0
    let last = try fields.integer("to_step", in: 0...Int(Int32.max))
    if let last, last < first {
      throw .outOfRange(
        field: fields.name("to_step"), found: "\(last)", allowed: "at least from_step (\(first))")
    }
    let intervention = Intervention(
      id: try id(fields) ?? defaultID, point: point,
      change: try await change(kind, fields, reader, at: point),
      positions: try HookReader(catalogue).positions(fields), heads: try fields.integers("heads"),
      neurons: try columns(fields, kind: kind, at: point), fromStep: first, toStep: last)
    do {
      try intervention.check(catalogue)
    } catch {
      if case .parameterOutOfRange(let name, let found, let allowed) = error {
        throw .outOfRange(field: fields.name(name), found: found, allowed: allowed)
      }
      throw .intervention(error, field: place(fields))
    }
    return intervention
  }

  private func kind(_ fields: Fields) throws(Refusal) -> any Change.Type {
    let names = Changes.all.map { $0.name } + Changes.all.flatMap { $0.aliases }.sorted()
    guard let name = try fields.choice("kind", names),
      let kind = Changes.all.first(where: { $0.name == name || $0.aliases.contains(name) })
    else { throw .missing(field: fields.name("kind")) }
    return kind
  }

  private func place(_ fields: Fields) -> String {
    fields.path.isEmpty ? "intervention" : String(fields.path.dropLast())
  }

  private func point(_ fields: Fields, kind: any Change.Type) throws(Refusal) -> HookPoint {
    guard let layerName = try fields.string("layer_name") else {
      throw .missing(field: fields.name("layer_name"))
    }
    let reader = HookReader(catalogue)
    let point = try reader.point(
      layerName, try reader.component(fields, of: layerName),
      isInput: try fields.bool("is_input") ?? false, fields)
    // Experts are chosen at the router, whichever of the layer's names was used.
    guard kind is any RoutingChange.Type, catalogue.experts > 0, point.layer >= 0 else {
      return point
    }
    return HookPoint(.routerLogits, layer: point.layer)
  }

  /// Elements of the last axis, which are experts at the router's logits.
  private func columns(
    _ fields: Fields, kind: any Change.Type, at point: HookPoint
  ) throws(Refusal) -> [Int]? {
    let neurons = try fields.integers("neurons")
    guard !(kind is any RoutingChange.Type), let experts = try fields.integers("experts")
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
    _ kind: any Change.Type, _ fields: Fields, _ reader: ParameterReader, at point: HookPoint
  ) async throws(Refusal) -> any Change {
    var values = ParameterValues()
    for parameter in kind.parameters {
      let name = parameter.name
      if case .rows = parameter.kind {
        values[name] = .rows(try await rows(fields, name, at: point))
        continue
      }
      values[name] = try reader.value(parameter, fields)
      guard values[name] != nil || parameter.preset != nil else {
        throw .missing(field: fields.name(name))
      }
    }
    return kind.init(values)
  }

  /// The rows that a patch's source holds or names.
  private func rows(
    _ fields: Fields, _ member: String, at point: HookPoint
  ) async throws(Refusal) -> PatchedRows {
    guard let place = try fields.object(member) else {
      throw .missing(field: fields.name(member))
    }
    if let rows = try PatchRows(place, at: point, catalogue) {
      return PatchedRows(values: rows.values, width: rows.width, firstPosition: rows.firstPosition)
    }
    guard let run = try place.string("run_id") else { throw .missing(field: place.name("run_id")) }
    guard let hook = try place.string("hook_id") else {
      throw .missing(field: place.name("hook_id"))
    }
    let rows = try await source(run, hook, point)
    return PatchedRows(values: rows.rows, width: rows.width, firstPosition: rows.firstPosition)
  }
}
