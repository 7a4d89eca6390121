internal import Engine
internal import Hooks
internal import Interpretability
internal import JSON
internal import Tokenizers

/// A body of `POST /v1/analyses` that asks for path patching.
struct PathRequest: Sendable {
  static let name = "path_patching"
  /// Groups of senders or of receivers, and places of a group, that a request may name.
  static let groupLimit = 1024

  let model: LoadedModel
  let plan: PathPatching.Plan
  let isStreaming: Bool
  let isDetached: Bool

  /// - Parameters:
  ///   - budget: bytes that the activations held may take.
  ///   - render: the tokens of a conversation.
  init(
    _ fields: Fields, models: ModelTable, budget: Int,
    render: @escaping ([ChatMessage], LoadedModel) throws(Refusal) -> [Token]
  ) throws(Refusal) {
    let model = try models.runnable(fields)
    self.model = model
    isStreaming = try fields.bool("stream") ?? false
    isDetached = try fields.bool("detach") ?? false
    let direction = try fields.choice(
      "direction", PathPatching.Direction.allCases.map(\.rawValue))
    let frozen = try Self.frozen(fields)
    let contrast = try ContrastReader(model: model, render: render).pairs(fields)
    let length = contrast.prompts.first?.tokens.count ?? 0
    let reader = PathPlaceReader(catalogue: model.catalogue, length: length)
    let receivers = try reader.receivers(fields)
    let senders = try reader.senders(fields) ?? reader.everyHead(before: receivers)
    plan = PathPatching.Plan(
      prompts: contrast.prompts, corrupted: contrast.corrupted, senders: senders,
      receivers: receivers,
      direction: direction.flatMap { PathPatching.Direction(rawValue: $0) } ?? .noising,
      frozen: frozen)
    try checkPaths(fields)
    try check(length: length, budget: budget)
  }

  private static func frozen(_ fields: Fields) throws(Refusal) -> Set<PathPatching.Part> {
    guard let list = fields["frozen"] else { return Set(PathPatching.Part.allCases) }
    guard let names = list.array else { throw fields.wrong("frozen", "an array of texts", list) }
    var result: Set<PathPatching.Part> = []
    for (index, name) in names.enumerated() {
      guard let part = name.string.flatMap({ PathPatching.Part(rawValue: $0) }) else {
        throw .unknownValue(
          field: fields.name("frozen[\(index)]"), found: name.kind,
          allowed: PathPatching.Part.allCases.map(\.rawValue))
      }
      result.insert(part)
    }
    return result
  }

  /// A place that is on no path of the request was not meant.
  private func checkPaths(_ fields: Fields) throws(Refusal) {
    for sender in plan.senders.indices
    where !plan.receivers.indices.contains(where: { plan.connects(sender, $0, model.catalogue) }) {
      throw .selection(
        field: fields.name("senders[\(sender)]"),
        reason: "no receiver reads what it writes; name receivers in later layers")
    }
    for receiver in plan.receivers.indices
    where !plan.senders.indices.contains(where: { plan.connects($0, receiver, model.catalogue) }) {
      throw .selection(
        field: fields.name("receivers[\(receiver)]"),
        reason: "it reads nothing that a sender writes; name senders in earlier layers")
    }
  }

  /// Bounds the time and the memory that the plan takes.
  private func check(length: Int, budget: Int) throws(Refusal) {
    let passes = plan.passes(model.catalogue)
    guard passes <= SweepRequest.tokenLimit / max(length, 1) else {
      throw .sweepTooLarge(passes: passes, tokens: length, limit: SweepRequest.tokenLimit)
    }
    let bytes = plan.bytes(model.catalogue)
    guard bytes <= Double(budget) else {
      throw .captureTooLarge(estimate: Int(min(bytes, 1e18)), limit: budget)
    }
  }
}

/// Reads `senders` and `receivers`: arrays whose elements are places, or arrays of places that act together.
struct PathPlaceReader {
  let catalogue: HookCatalogue
  /// Tokens of each prompt.
  let length: Int

  func senders(_ fields: Fields) throws(Refusal) -> [[PathSender]]? {
    try groups(fields, "senders") { fields throws(Refusal) in
      let part = try part(fields, PathSender.Part.self)
      guard part != .embedding else {
        try refuse(["layer", "head"], of: "embed", fields)
        return PathSender(.embedding, positions: try positions(fields))
      }
      let head =
        part == .head
        ? try fields.integer("head", in: 0...max(catalogue.heads - 1, 0))
        : try refuse(["head"], of: part.rawValue, fields)
      return PathSender(
        part, layer: try layer(fields), head: head, positions: try positions(fields))
    }
  }

  func receivers(_ fields: Fields) throws(Refusal) -> [[PathReceiver]] {
    let found = try groups(fields, "receivers") { fields throws(Refusal) in
      let part = try part(fields, PathReceiver.Part.self)
      guard part != .logits else {
        try refuse(["layer", "head", "positions"], of: "logits", fields)
        return PathReceiver(.logits)
      }
      let head: Int?
      switch part {
      case .query: head = try fields.integer("head", in: 0...max(catalogue.heads - 1, 0))
      case .key, .value:
        head = try fields.integer("head", in: 0...max(catalogue.keyValueHeads - 1, 0))
      case .mlp, .logits: head = try refuse(["head"], of: part.rawValue, fields)
      }
      return PathReceiver(
        part, layer: try layer(fields), head: head, positions: try positions(fields))
    }
    guard let found else { throw .missing(field: fields.name("receivers")) }
    for (index, group) in found.enumerated()
    where group.count > 1 && group.contains(where: { $0.part == .logits }) {
      throw .selection(
        field: fields.name("receivers[\(index)]"),
        reason: "the logits are read behind all other receivers; name them as a receiver alone")
    }
    return found
  }

  /// Each head alone, of all layers that a receiver is behind.
  func everyHead(before receivers: [[PathReceiver]]) -> [[PathSender]] {
    let isParallel = !catalogue.sites.contains(.residualMid)
    return (0..<catalogue.layers).flatMap { layer in
      (0..<catalogue.heads).map { PathSender(.head, layer: layer, head: $0) }
    }.filter { sender in
      receivers.joined().contains { sender.reaches($0, isParallel: isParallel) }
    }.map { [$0] }
  }

  private func groups<Place>(
    _ fields: Fields, _ member: String, _ place: (Fields) throws(Refusal) -> Place
  ) throws(Refusal) -> [[Place]]? {
    guard let value = fields[member] else { return nil }
    guard let list = value.array else {
      throw fields.wrong(member, "an array of places, or of arrays of places", value)
    }
    var result: [[Place]] = []
    var count = 0
    for (index, element) in list.enumerated() {
      let parts = element.array ?? [element]
      var group: [Place] = []
      for (number, one) in parts.enumerated() {
        let path = element.array == nil ? "\(member)[\(index)]." : "\(member)[\(index)][\(number)]."
        group.append(try place(try Fields(one, path: fields.path + path)))
      }
      count += parts.count
      guard !group.isEmpty else {
        throw .outOfRange(
          field: fields.name("\(member)[\(index)]"), found: "no places", allowed: "1 or more places"
        )
      }
      result.append(group)
    }
    guard (1...PathRequest.groupLimit).contains(count) else {
      throw .outOfRange(
        field: fields.name(member), found: "\(count) places",
        allowed: "1 to \(PathRequest.groupLimit) places")
    }
    return result
  }

  private func part<Part: RawRepresentable & CaseIterable>(
    _ fields: Fields, _ kind: Part.Type
  ) throws(Refusal) -> Part where Part.RawValue == String {
    let name = try fields.choice("component", Part.allCases.map(\.rawValue))
    guard let part = name.flatMap({ Part(rawValue: $0) }) else {
      throw .missing(field: fields.name("component"))
    }
    return part
  }

  private func layer(_ fields: Fields) throws(Refusal) -> Int {
    guard let layer = try fields.integer("layer", in: 0...max(catalogue.layers - 1, 0)) else {
      throw .missing(field: fields.name("layer"))
    }
    return layer
  }

  private func positions(_ fields: Fields) throws(Refusal) -> [Int]? {
    let found = try fields.integers("positions", in: 0...max(length - 1, 0))
    guard found?.isEmpty != true else {
      throw .outOfRange(
        field: fields.name("positions"), found: "none", allowed: "1 or more, or absent for all")
    }
    return found
  }

  @discardableResult private func refuse(
    _ members: [String], of part: String, _ fields: Fields
  ) throws(Refusal) -> Int? {
    for member in members where fields[member] != nil {
      throw .conflict(
        fields: [fields.name("component"), fields.name(member)], reason: "\(part) has no \(member)")
    }
    return nil
  }
}
