internal import Engine
internal import Hooks
internal import Interpretability
internal import Tokenizers

/// One change of a place in the words of the server that this one's first routes come from.
///
/// Its kinds are those of `/v1/activations/patch` and `/v1/circuits/discover`, with its meaning of `strength`.
struct PlaceEdit: Sendable {
  /// What is done, of its names those that have a meaning in one pass over a prompt.
  enum Kind: String, CaseIterable, Sendable {
    case zero = "zero_ablation"
    case mean = "mean_ablation"
    case noise = "noise_injection"
    case patch = "activation_patching"
    case scale = "scaled_intervention"
  }

  /// Its other names, and why they are refused.
  static let refused = [
    "gradient_based":
      "no gradient is a change; POST /v1/analyses with attribution_graph follows a logit back",
    "random_replacement":
      "numbers of no prompt tell little of a place; send noise_injection, or activation_patching with "
      + "a baseline_prompt",
  ]

  let point: HookPoint
  let kind: Kind
  let strength: Float
  let positions: [Int]?
  /// Where it stands in the request.
  let place: String

  /// Whether it needs what another pass has at the place.
  var needsRows: Bool { kind == .mean || kind == .patch }

  /// The deviation of noise at strength 1, which is the other server's.
  private static let deviation: Float = 0.1

  /// Reads one of a request's `interventions`.
  init(_ fields: Fields, promptTokens: Int, _ catalogue: HookCatalogue) throws(Refusal) {
    guard let layerName = try fields.string("layer_name") else {
      throw .missing(field: fields.name("layer_name"))
    }
    place = String(fields.path.dropLast())
    point = try HookReader(catalogue).point(
      layerName, try fields.string("component") ?? "residual", isInput: false, fields)
    let name = try fields.string("type") ?? Kind.zero.rawValue
    kind = try Self.kind(name, field: fields.name("type"))
    strength = try fields.float("strength", in: -1e6...1e6) ?? 1
    positions = try fields.integers("target_positions", in: 0...max(promptTokens - 1, 0))
    if kind == .noise, strength < 0 {
      throw .outOfRange(
        field: fields.name("strength"), found: "\(strength)", allowed: "at least 0 for noise")
    }
    guard !needsRows || strength == 1 else {
      throw .notImplemented(
        field: fields.name("strength"), found: "\(strength)",
        reason: "\(name) replaces wholly; send 1")
    }
    try checkRows(catalogue)
  }

  init(_ point: HookPoint, _ kind: Kind, place: String, _ catalogue: HookCatalogue) throws(Refusal)
  {
    (self.point, self.kind, self.place) = (point, kind, place)
    (strength, positions) = (1, nil)
    try checkRows(catalogue)
  }

  static func kind(_ name: String, field: String) throws(Refusal) -> Kind {
    if let reason = refused[name] {
      throw .notImplemented(field: field, found: "\"\(name)\"", reason: reason)
    }
    guard let kind = Kind(rawValue: name) else {
      throw .unknownValue(
        field: field, found: "\"\(name.prefix(80))\"", allowed: Kind.allCases.map(\.rawValue))
    }
    return kind
  }

  /// Refuses what the place can't have done to it.
  private func checkRows(_ catalogue: HookCatalogue) throws(Refusal) {
    if needsRows,
      !SweepRequest.components.contains(where: { $0.site == point.site })
        && point.site != .attentionOutput && point.site != .mlpOutput
    {
      throw .notImplemented(
        field: place, found: point.name,
        reason: "\(kind.rawValue) needs a place whose rows are positions, such as residual")
    }
    _ = try intervention(rows: [], catalogue)
  }

  /// The change of one pass.
  ///
  /// - Parameter rows: `[position, width]` of the pass that a mean or a patch is taken from.
  func intervention(rows: [Float], _ catalogue: HookCatalogue) throws(Refusal) -> Intervention {
    let width = max(catalogue.width(of: point.site), 1)
    let change: any Change =
      switch kind {
      case .zero: strength == 1 ? Zero() : Scale(by: 1 - strength)
      case .scale: Scale(by: strength)
      case .noise: Noise(standardDeviation: Self.deviation * strength, seed: 0)
      case .mean: Mean(vector: Self.mean(rows, width: width))
      case .patch: Patch(PatchedRows(values: rows, width: width, firstPosition: 0))
      }
    let made = Intervention(
      id: place, point: point, change: change, positions: positions.map { .list($0) } ?? .all)
    do {
      try made.check(catalogue)
    } catch {
      throw .intervention(error, field: place)
    }
    return made
  }

  /// The mean row.
  private static func mean(_ rows: [Float], width: Int) -> [Float] {
    var sums = [Double](repeating: 0, count: width)
    for (index, value) in rows.enumerated() { sums[index % width] += Double(value) }
    let count = Double(max(rows.count / width, 1))
    return sums.map { Float($0 / count) }
  }
}

/// Changes of one prompt's pass, made ready: what means and patches are taken from is read once for all of them.
struct PlaceEdits: Sendable {
  let edits: [PlaceEdit]
  let model: LoadedModel
  let tokens: [Token]
  /// The prompt that patches are taken from.
  let baseline: [Token]?

  /// Positions, numbers each, that the passes before hold at once; 0 where there are none.
  var keptNumbers: Int {
    Set(edits.filter(\.needsRows).map(\.point))
      .reduce(0) { $0 + model.catalogue.width(of: $1.site) * tokens.count }
  }

  /// The interventions, one for each edit.
  func interventions(on engine: Engine) async throws(Refusal) -> [Intervention] {
    let own = try await rows(of: tokens, at: edits.filter { $0.kind == .mean }, engine)
    let other = try await rows(of: baseline ?? [], at: edits.filter { $0.kind == .patch }, engine)
    var made: [Intervention] = []
    for edit in edits {
      let rows = (edit.kind == .mean ? own : other)[edit.point] ?? []
      made.append(try edit.intervention(rows: rows, model.catalogue))
    }
    return made
  }

  private func rows(
    of tokens: [Token], at edits: [PlaceEdit], _ engine: Engine
  ) async throws(Refusal) -> [HookPoint: [Float]] {
    let points = Array(Set(edits.map(\.point)))
    guard !points.isEmpty, !tokens.isEmpty else { return [:] }
    do {
      let pass = try await PromptPass.run(tokens, on: engine, model, capturing: points)
      return Dictionary(
        uniqueKeysWithValues: points.map { ($0, pass.tensor($0).positionMajor) })
    } catch {
      throw .engine(error)
    }
  }
}
