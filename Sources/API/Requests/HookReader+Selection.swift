package import Hooks
internal import JSON

extension HookReader {
  /// Most entries of a list of positions.
  private static let positionLimit = 4096

  /// Reads what of a tensor is kept, and checks every index against the model.
  package func selection(_ fields: Fields, at point: HookPoint) throws(Refusal) -> Selection {
    let site = point.site
    let sizes = catalogue.shape(of: site).sizes
    let headAxis = site.axes.firstIndex { $0 == .head || $0 == .keyValueHead }
    let heads = try indices(
      fields, "heads", count: headAxis.flatMap { sizes[$0].fixed },
      missing: "\(site.name) has no heads")
    let isScores = site.isOverKeys
    // Of scores and patterns the last axis is the key position, which has no bound before the run.
    let neurons = try indices(
      fields, "neurons",
      count: isScores ? Int(Int32.max) : site.axes.last == .head ? nil : sizes.last?.fixed,
      missing: "\(site.name) has no neurons")
    let experts = try indices(
      fields, "experts", count: site == .routerLogits ? catalogue.experts : nil,
      missing: "experts are selected at the router's logits only")
    guard neurons == nil || experts == nil else {
      throw .conflict(
        fields: [fields.name("neurons"), fields.name("experts")], reason: "both name the last axis")
    }
    let width = neurons?.count ?? experts?.count ?? sizes.last?.fixed
    return Selection(
      positions: try positions(fields), heads: heads, neurons: neurons, experts: experts,
      reduction: try reduction(fields, width: width),
      every: try fields.integer("every", in: 1...1_000_000) ?? 1)
  }

  /// Distinct indices below a count.
  func indices(
    _ fields: Fields, _ member: String, count: Int?, missing: String
  ) throws(Refusal) -> [Int]? {
    guard let list = try fields.integers(member) else { return nil }
    guard let count else { throw .selection(field: fields.name(member), reason: missing) }
    guard !list.isEmpty else {
      throw .selection(field: fields.name(member), reason: "an empty list selects nothing")
    }
    guard list.count <= 65_536 else {
      throw .selection(field: fields.name(member), reason: "at most 65536 entries are allowed")
    }
    for index in list where index < 0 || index >= count {
      throw .selection(
        field: fields.name(member), reason: "\(index) is out of range (0 to \(count - 1))")
    }
    guard Set(list).count == list.count else {
      throw .selection(field: fields.name(member), reason: "an entry is named twice")
    }
    return list
  }

  /// `"all"`, `"last"`, a list, `{"from":0,"to":8}` (the end excluded) or `{"every":4}`.
  func positions(_ fields: Fields) throws(Refusal) -> Selection.Positions {
    guard let value = fields["positions"] else { return .all }
    switch value {
    case .string("all"): return .all
    case .string("last"): return .last
    case .array:
      let list = try fields.integers("positions", in: 0...Int(Int32.max)) ?? []
      guard !list.isEmpty, list.count <= Self.positionLimit else {
        throw .selection(
          field: fields.name("positions"),
          reason: "1 to \(Self.positionLimit) positions are allowed")
      }
      for position in list { try check(position, fields.name("positions")) }
      return .list(Array(Set(list)).sorted())
    case .object:
      return try positionRange(try fields.object("positions") ?? fields)
    default:
      throw fields.wrong(
        "positions", "\"all\", \"last\", an array of integers, or an object", value)
    }
  }

  private func positionRange(_ range: Fields) throws(Refusal) -> Selection.Positions {
    let every = try range.integer("every", in: 1...Int(Int32.max))
    let from = try range.integer("from", in: 0...Int(Int32.max))
    let to = try range.integer("to", in: 0...Int(Int32.max))
    if let every {
      guard from == nil, to == nil else {
        throw .conflict(
          fields: [range.name("every"), range.name(from == nil ? "to" : "from")],
          reason: "every counts over all positions")
      }
      return .everyNth(every)
    }
    let first = from ?? 0
    let end = to ?? Int(Int32.max)
    guard first < end else {
      throw .selection(
        field: String(range.path.dropLast()), reason: "from \(first) to \(end) selects nothing")
    }
    try check(first, range.name("from"))
    if let to { try check(to - 1, range.name("to")) }
    return .range(first..<end)
  }

  /// Refuses a position that no run of the model can have.
  private func check(_ position: Int, _ field: String) throws(Refusal) {
    guard position >= catalogue.contextLength else { return }
    throw .selection(
      field: field,
      reason: "position \(position) lies beyond the context of \(catalogue.contextLength) tokens "
        + "(0 to \(catalogue.contextLength - 1))")
  }

  /// Reductions that a word asks for.
  static let reductions = ["none", "norm", "mean_abs", "stats", "histogram", "topk:K"]

  /// `"none"`, `"norm"`, `"mean_abs"`, `"stats"`, `"histogram"`, `"topk:8"`, `{"topk":8}` or `{"project":[[…]]}`.
  private func reduction(_ fields: Fields, width: Int?) throws(Refusal) -> Selection.Reduction {
    guard let value = fields["reduce"] else { return .none }
    if case .object = value, let object = try fields.object("reduce") {
      let k = try object.integer("topk", in: 1...65_536)
      if let vectors = object["project"] {
        guard k == nil else {
          throw .conflict(
            fields: [object.name("topk"), object.name("project")],
            reason: "a hook is reduced in one way")
        }
        return .project(try directions(vectors, object, width: width))
      }
      guard let k else { throw .missing(field: fields.name("reduce.topk")) }
      return try top(k, fields, width: width)
    }
    guard let name = try fields.string("reduce") else { return .none }
    switch name {
    case "none": return .none
    case "norm": return .norm
    case "mean_abs": return .meanAbs
    case "stats": return .stats
    case "histogram": return .histogram
    default:
      if name.hasPrefix("topk:"), let k = Int(name.dropFirst(5)), (1...65_536).contains(k) {
        return try top(k, fields, width: width)
      }
      throw .unknownValue(
        field: fields.name("reduce"), found: "\"\(name.prefix(80))\"",
        allowed: Self.reductions + ["{\"project\": [[…], …]}"])
    }
  }

  /// Vectors as wide as what is kept of the last axis, all finite in single precision.
  private func directions(
    _ value: JSONValue, _ object: Fields, width: Int?
  ) throws(Refusal) -> Directions {
    let field = object.name("project")
    guard let width else {
      throw .selection(
        field: field,
        reason: "the last axis grows with the keys of a pass; choose some of them with neurons")
    }
    guard let list = value.array else {
      throw object.wrong("project", "an array of arrays of numbers", value)
    }
    guard (1...Directions.most).contains(list.count) else {
      throw .outOfRange(
        field: field, found: "\(list.count) directions",
        allowed: "1 to \(Directions.most) directions")
    }
    guard list.count * width <= Directions.mostNumbers else {
      throw .outOfRange(
        field: field, found: "\(list.count) directions of \(width) numbers",
        allowed: "at most \(Directions.mostNumbers) numbers (project on fewer, or select neurons)")
    }
    var values: [Float] = []
    values.reserveCapacity(list.count * width)
    for (index, vector) in list.enumerated() {
      guard let numbers = vector.array else {
        throw object.wrong("project[\(index)]", "an array of numbers", vector)
      }
      guard numbers.count == width else {
        throw .outOfRange(
          field: "\(field)[\(index)]", found: "\(numbers.count) numbers",
          allowed: "\(width) numbers, as the hook's last axis has")
      }
      for (place, number) in numbers.enumerated() {
        guard let double = number.double else {
          throw object.wrong("project[\(index)][\(place)]", "a number", number)
        }
        guard Float(double).isFinite else {
          throw .outOfRange(
            field: "\(field)[\(index)][\(place)]", found: number.kind,
            allowed: "a number that is finite in single precision, up to 3.4e38 in size")
        }
        values.append(Float(double))
      }
    }
    return Directions(values, width: width)
  }

  private func top(
    _ k: Int, _ fields: Fields, width: Int?
  ) throws(Refusal) -> Selection.Reduction {
    guard k <= width ?? .max else {
      throw .selection(
        field: fields.name("reduce"), reason: "topk:\(k) of an axis of \(width ?? 0)")
    }
    return .topK(k)
  }
}
