package import Hooks
internal import JSON
internal import Runs

/// Reads what a run is watched for.
package struct WatchReader: Sendable {
  /// Numbers of a position that are kept for being compared with the next one's, at most.
  private static let mostCompared = 8192
  /// Numbers of a position that are told, at most.
  private static let mostTold = 65_536
  private static let bounds = ["above", "below", "changes_by"]

  private let catalogue: HookCatalogue

  package init(_ catalogue: HookCatalogue) {
    self.catalogue = catalogue
  }

  /// - Parameters:
  ///   - member: that the list stands in.
  ///   - others: watches that the run has beside them.
  package func watches(
    _ list: [Fields], member: String = "watch", beside others: [Watchpoint] = []
  ) throws(Refusal) -> [Watchpoint] {
    guard list.count + others.count <= WatchList.most else {
      throw .outOfRange(
        field: member,
        found: "\(list.count) watches" + (others.isEmpty ? "" : " beside \(others.count)"),
        allowed: "at most \(WatchList.most) watches")
    }
    var result: [Watchpoint] = []
    var directions = others.reduce(0) { $0 + $1.directions }
    for fields in list {
      let watch = try watch(fields)
      result.append(watch)
      directions += watch.directions
      guard watch.directions == 0 || directions <= WatchList.mostDirections else {
        throw .outOfRange(
          field: fields.name("hook.reduce.project"),
          found: "\(directions) directions with the watches before it",
          allowed:
            "at most \(WatchList.mostDirections) in all (project on fewer, or in another run)")
      }
    }
    return result
  }

  private func watch(_ fields: Fields) throws(Refusal) -> Watchpoint {
    let place = String(fields.path.dropLast())
    let action =
      try fields.choice("then", Watchpoint.Action.allCases.map(\.rawValue))
      .flatMap { Watchpoint.Action(rawValue: $0) } ?? .pause
    let hook = try fields.object("hook")
    let text = try fields.string("text")
    let looksAtSurprise = try fields.bool("surprise") ?? false
    let subjects =
      (hook == nil ? [] : ["hook"]) + (text == nil ? [] : ["text"])
      + (looksAtSurprise ? ["surprise"] : [])
    guard let subject = subjects.first else {
      throw .selection(
        field: place, reason: "hook, text or surprise says what is watched; give one of them")
    }
    guard subjects.count == 1 else {
      throw .conflict(
        fields: subjects.map { fields.name($0) }, reason: "a watch looks at one thing; give several"
      )
    }
    let condition = try condition(fields, place: place, text: text, subject: subject)
    if let hook { return try watch(hook, condition, action) }
    guard action != .snapshot else {
      throw .conflict(
        fields: [fields.name("then"), fields.name(subject)],
        reason: "a snapshot is of a hook's row, and a token has none; mark it")
    }
    return Watchpoint(text == nil ? .surprise : .text, condition, action)
  }

  /// What is compared: of a text that it is there.
  private func condition(
    _ fields: Fields, place: String, text: String?, subject: String
  ) throws(Refusal) -> Watchpoint.Condition {
    let looksForFaults = try fields.bool("non_finite") ?? false
    let given = Self.bounds.filter { fields[$0] != nil } + (looksForFaults ? ["non_finite"] : [])
    if let text {
      guard given.isEmpty else {
        throw .conflict(
          fields: [fields.name("text"), fields.name(given[0])],
          reason: "a text is found or not, and compares with no number")
      }
      guard (1...1000).contains(text.utf8.count) else {
        throw .outOfRange(
          field: fields.name("text"), found: "\(text.utf8.count) bytes", allowed: "1 to 1000 bytes")
      }
      return .contains(text)
    }
    guard let name = given.first else {
      throw .selection(
        field: place,
        reason: "above, below, changes_by or non_finite says when it fires; give one of them")
    }
    guard given.count == 1 else {
      throw .conflict(
        fields: given.map { fields.name($0) },
        reason: "a watch has one condition; give several watches")
    }
    switch name {
    case "above": return .above(try fields.number(name) ?? 0)
    case "below": return .below(try fields.number(name) ?? 0)
    case "changes_by":
      let least = try fields.number(name) ?? 0
      guard least > 0 else {
        throw .outOfRange(
          field: fields.name(name), found: "\(least)", allowed: "greater than 0")
      }
      return .changesBy(least)
    default:
      guard subject == "hook" else {
        throw .conflict(
          fields: [fields.name("surprise"), fields.name(name)],
          reason: "a run whose logits are not finite fails, so a token's surprise always is")
      }
      return .notFinite
    }
  }

  private func watch(
    _ hook: Fields, _ condition: Watchpoint.Condition, _ action: Watchpoint.Action
  ) throws(Refusal) -> Watchpoint {
    for member in ["dtype", "encoding"] where hook[member] != nil {
      throw .selection(
        field: hook.name(member),
        reason: "a watch compares the exact numbers, and none of them travel; leave it out")
    }
    let orders = try HookReader(catalogue).orders(of: hook)
    guard let spec = orders.first?.spec, orders.count == 1 else {
      throw .selection(
        field: hook.name("capture_input"),
        reason: "a watch looks at one tensor; set capture_output to false, or watch both apart")
    }
    switch spec.selection.reduction {
    case .none, .norm, .meanAbs, .project: break
    case .stats, .histogram, .topK:
      throw .selection(
        field: hook.name("reduce"),
        reason: "its numbers mean different things and can't be compared with one; "
          + "watch none, norm, mean_abs or {\"project\": vectors}")
    }
    let shape = spec.shape(in: catalogue)
    if case .notFinite = condition, spec.point.site == .attentionScores {
      throw .selection(
        field: hook.name("layer_name"),
        reason: "scores of masked keys are minus infinity; watch the pattern for non_finite")
    }
    if case .changesBy = condition {
      guard spec.selection.reduction != .none || !shape.isOverKeys else {
        throw .selection(
          field: hook.name("layer_name"),
          reason: "its rows grow from pass to pass; choose keys with neurons, or reduce them")
      }
      try check(
        shape.sentNumbers(keys: catalogue.contextLength), Self.mostCompared, hook, "compared")
    }
    if action == .snapshot {
      try check(shape.rowNumbers(keys: catalogue.contextLength), Self.mostTold, hook, "told")
    }
    return Watchpoint(.rows(spec), condition, action)
  }

  private func check(
    _ numbers: Double, _ most: Int, _ hook: Fields, _ verb: String
  ) throws(Refusal) {
    guard numbers > Double(most) else { return }
    throw .outOfRange(
      field: hook.name("layer_name"), found: "\(Int(numbers)) numbers of a position",
      allowed: "a tensor of which at most \(most) numbers of a position are \(verb) "
        + "(choose some with heads or neurons)")
  }
}
