import OrderedCollections

/// Filters of lists and mappings.
extension JinjaInterpreter {
  mutating func applyToSequence(
    _ name: String, _ value: JinjaValue, _ given: Values, _ line: Int
  ) throws(TemplateError) -> JinjaValue? {
    switch name {
    case "length", "count": return value.length.map { .integer($0) }
    case "items":
      if case .undefined = value { return .list([]) }
      guard case .dictionary(let members) = value else { return nil }
      return .list(members.map { .tuple([.string($0.key), $0.value]) })
    case "dictsort":
      guard case .dictionary(let members) = value else { return nil }
      let sorted = members.sorted { PythonText.lower($0.key) < PythonText.lower($1.key) }
      return .list(sorted.map { .tuple([.string($0.key), $0.value]) })
    default: break
    }
    guard let items = try sequence(of: value) else { return nil }
    switch name {
    case "list": return .list(items)
    case "first": return items.first ?? .undefined("the first of nothing")
    case "last": return items.last ?? .undefined("the last of nothing")
    case "reverse":
      if case .string = value { return .string(items.reversed().map(\.text).joined()) }
      return .list(items.reversed())
    case "join": return .string(try joined(items, given, line))
    case "map": return .list(try map(items, given, line))
    case "select", "reject": return .list(try select(items, given, name == "select", line))
    case "selectattr", "rejectattr":
      return .list(try selectByMember(items, given, name == "selectattr", line))
    case "min", "max": return try extreme(items, given, name == "min", line)
    case "sort": return .list(try sorted(items, given, line))
    case "unique":
      var kept: [JinjaValue] = []
      for item in items where !kept.contains(where: { $0.equals(item) }) { kept.append(item) }
      return .list(kept)
    case "sum":
      var sum = given.value(1, "start") ?? .integer(0)
      for item in items {
        sum = try operate(
          .add, sum, try attribute(given.value(0, "attribute"), of: item, line), line)
      }
      return sum
    default: return nil
    }
  }

  /// The member of an item that an `attribute` argument names, dots and all, or the item itself.
  private func attribute(
    _ name: JinjaValue?, of item: JinjaValue, _ line: Int
  ) throws(TemplateError) -> JinjaValue {
    switch name {
    case .string(let path):
      var value = item
      for part in PythonText.split(path, by: ".") {
        if let index = Int(part) {
          value = try self.item(.integer(index), of: value, line)
        } else {
          value = try member(part, of: value, line)
        }
      }
      return value
    case .integer: return try self.item(name ?? .none, of: item, line)
    default: return item
    }
  }

  private mutating func joined(
    _ items: [JinjaValue], _ given: Values, _ line: Int
  ) throws(TemplateError) -> String {
    var parts: [JinjaValue] = []
    for item in items { parts.append(try attribute(given.value(1, "attribute"), of: item, line)) }
    return try join(parts, by: given.value(0, "d")?.text ?? "")
  }

  private mutating func map(
    _ items: [JinjaValue], _ given: Values, _ line: Int
  ) throws(TemplateError) -> [JinjaValue] {
    var results: [JinjaValue] = []
    if let path = given.named["attribute"] {
      for item in items {
        let found = try attribute(path, of: item, line)
        if case .undefined = found, let fallback = given.named["default"] {
          results.append(fallback)
        } else {
          results.append(found)
        }
      }
      return results
    }
    guard case .string(let name) = given.positional.first, JinjaFilters.names.contains(name) else {
      throw failure("map needs a known filter or an attribute", line: line)
    }
    var rest = given
    rest.positional.removeFirst()
    try enter()
    defer { leave() }
    for item in items { results.append(try apply(name, to: item, rest, line)) }
    return results
  }

  /// Whether a value passes the test that the arguments name, or is true if they name none.
  private func passes(
    _ value: JinjaValue, _ arguments: ArraySlice<JinjaValue>, _ line: Int
  ) throws(TemplateError) -> Bool {
    guard let first = arguments.first else { return value.isTrue }
    guard case .string(let name) = first, JinjaTests.names.contains(name) else {
      throw failure("the test \(first.text)", line: line)
    }
    return try JinjaTests.holds(
      name, value, Array(arguments.dropFirst()), failed: { failure($0, line: line) })
  }

  private func select(
    _ items: [JinjaValue], _ given: Values, _ wanted: Bool, _ line: Int
  ) throws(TemplateError) -> [JinjaValue] {
    var kept: [JinjaValue] = []
    for item in items where try passes(item, given.positional[...], line) == wanted {
      kept.append(item)
    }
    return kept
  }

  private func selectByMember(
    _ items: [JinjaValue], _ given: Values, _ wanted: Bool, _ line: Int
  ) throws(TemplateError) -> [JinjaValue] {
    guard let path = given.positional.first else {
      throw failure("selectattr needs an attribute", line: line)
    }
    var kept: [JinjaValue] = []
    for item in items {
      let member = try attribute(path, of: item, line)
      if try passes(member, given.positional.dropFirst(), line) == wanted { kept.append(item) }
    }
    return kept
  }

  private func extreme(
    _ items: [JinjaValue], _ given: Values, _ smallest: Bool, _ line: Int
  ) throws(TemplateError) -> JinjaValue {
    guard var best = items.first else { return .undefined("the extreme of nothing") }
    for item in items.dropFirst() {
      let one = try attribute(given.named["attribute"], of: item, line)
      let two = try attribute(given.named["attribute"], of: best, line)
      guard let less = smallest ? one.isLess(than: two) : two.isLess(than: one) else {
        throw failure("\(one.kind) and \(two.kind) have no order", line: line)
      }
      if less { best = item }
    }
    return best
  }

  /// A stable insertion by halves: `sort` of the library cannot pass our errors on.
  private func sorted(
    _ items: [JinjaValue], _ given: Values, _ line: Int
  ) throws(TemplateError) -> [JinjaValue] {
    let reversed = given.value(0, "reverse")?.isTrue ?? false
    let cased = given.value(1, "case_sensitive")?.isTrue ?? false
    var keyed: [(key: JinjaValue, item: JinjaValue)] = []
    for item in items {
      var key = try attribute(given.value(2, "attribute"), of: item, line)
      if !cased, case .string(let text) = key { key = .string(PythonText.lower(text)) }
      var low = 0
      var high = keyed.count
      while low < high {
        let middle = (low + high) / 2
        let (one, two) = reversed ? (keyed[middle].key, key) : (key, keyed[middle].key)
        guard let less = one.isLess(than: two) else {
          throw failure("\(one.kind) and \(two.kind) have no order", line: line)
        }
        if less { high = middle } else { low = middle + 1 }
      }
      keyed.insert((key, item), at: low)
    }
    return keyed.map(\.item)
  }
}
