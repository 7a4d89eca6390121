internal import Engine
package import Hooks
package import JSON

extension WatchFiring {
  /// What `watch.fired` says of it.
  func fields(of watch: Watchpoint, done: WatchOutcome) -> [JSONValue.Member] {
    var fields: [JSONValue.Member] = [.init("watch_index", JSONValue(self.watch))]
    fields += watch.place
    if case .rows = watch.subject {
      fields.append(.init("index", .array(index.map { JSONValue($0) })))
    }
    if let token, let text {
      fields += [.init("token_id", JSONValue(Int(token))), .init("text", .string(text))]
    }
    fields += [
      .init("position", JSONValue(position)), .init("condition", .string(watch.condition.name)),
    ]
    if let threshold = watch.condition.threshold {
      fields.append(.init("threshold", .number(threshold)))
    }
    if watch.subject != .text { fields.append(.init("value", value.map { .float($0) } ?? .null)) }
    if let before { fields.append(.init("previous", .float(before))) }
    fields += [
      .init("count", JSONValue(count)), .init("then", .string(watch.action.rawValue)),
      .init("done", .string(done.rawValue)),
    ]
    if let row {
      let data = Self.nested(row.values[...], row.shape[...])
      fields.append(
        .init(
          "snapshot",
          ["shape": .array(row.shape.map { JSONValue($0) }), "data": data]))
    }
    return fields
  }

  /// Numbers as nested lists; a shape has two axes at most.
  private static func nested(_ values: ArraySlice<Float>, _ shape: ArraySlice<Int>) -> JSONValue {
    guard shape.count > 1, let count = shape.first, count > 0 else {
      return .array(values.map { .float($0) })
    }
    let size = values.count / count
    return .array(
      (0..<count).map { index in
        let first = values.startIndex + index * size
        return nested(values[first..<first + size], shape.dropFirst())
      })
  }
}

extension Watchpoint {
  /// The tensor that it looks at; nothing of one that looks at tokens.
  fileprivate var place: [JSONValue.Member] {
    guard case .rows(let spec) = subject else { return [] }
    return [
      .init("hook_id", .string(spec.hookID)), .init("layer_name", .string(spec.layerName)),
      .init("component", .string(spec.component.rawValue)),
      .init("is_input", .bool(spec.isInput)), .init("point", .string(spec.point.name)),
    ]
  }

  /// It as run objects list it, by its number.
  fileprivate func json(_ number: Int) -> JSONValue {
    var members: [JSONValue.Member] = [.init("watch_index", JSONValue(number))] + place
    if subject == .surprise { members.append(.init("surprise", .bool(true))) }
    members.append(.init("condition", .string(condition.name)))
    if let threshold = condition.threshold {
      members.append(.init("threshold", .number(threshold)))
    }
    if case .contains(let text) = condition { members.append(.init("text", .string(text))) }
    members.append(.init("then", .string(action.rawValue)))
    return JSONValue(members: members)
  }
}

extension WatchList {
  /// Those in force, as run objects and events list them.
  package var json: [JSONValue] { numbers.map { all[$0].json($0) } }
}

extension Watchpoint.Condition {
  /// The member of requests that says it.
  var name: String {
    switch self {
    case .above: "above"
    case .below: "below"
    case .changesBy: "changes_by"
    case .notFinite: "non_finite"
    case .contains: "text"
    }
  }

  /// What numbers are compared with, if anything.
  var threshold: Double? {
    switch self {
    case .above(let number), .below(let number), .changesBy(let number): number
    case .notFinite, .contains: nil
    }
  }
}
