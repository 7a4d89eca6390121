import OrderedCollections

/// Filters of lists and mappings.
extension JinjaInterpreter {
  mutating func applyToSequence(
    _ name: String, _ value: JinjaValue, _ given: Values, _ line: Int
  ) throws(TemplateError) -> JinjaValue? {
    switch name {
    case "length", "count":
      if case .string(let text) = value { try charge(bytes: text.utf8.count) }
      return value.length.map { .integer($0) }
    case "items":
      if case .undefined = value { return .list(JinjaList([])) }
      guard case .dictionary(let members) = value else { return nil }
      try charge(values: members.count)
      return .list(JinjaList(members.items))
    case "dictsort":
      guard case .dictionary(let members) = value else { return nil }
      var order = Values()
      order.named["case_sensitive"] = given.value(0, "case_sensitive")
      order.named["attribute"] = .integer(given.value(1, "by")?.text == "value" ? 1 : 0)
      order.named["reverse"] = given.value(2, "reverse")
      return .list(JinjaList(try sorted(members.items, order, line)))
    default: break
    }
    // What is false is empty to these, also where it is no list at all.
    if !value.isTrue, ["map", "select", "reject", "selectattr", "rejectattr"].contains(name) {
      return .list(JinjaList([], isLazy: true))
    }
    if case .string(let text) = value, name == "first" {
      return text.unicodeScalars.first.map { .string(String($0)) }
        ?? .undefined("the first of nothing")
    }
    if case .string(let text) = value, name == "last" {
      return text.unicodeScalars.last.map { .string(String($0)) }
        ?? .undefined("the last of nothing")
    }
    // A generator is walked once: only by what walks.
    guard Self.ofSequences.contains(name), let items = try sequence(of: value) else { return nil }
    switch name {
    case "list": return .list(JinjaList(items))
    case "first": return items.first ?? .undefined("the first of nothing")
    case "last": return items.last ?? .undefined("the last of nothing")
    case "reverse":
      if case .string = value { return .string(items.reversed().map(\.text).joined()) }
      return .list(JinjaList(items.reversed()))
    case "join": return .string(try joined(items, given, line))
    case "map": return .list(JinjaList(try map(items, given, line), isLazy: true))
    case "select", "reject":
      return .list(JinjaList(try select(items, given, name == "select", line), isLazy: true))
    case "selectattr", "rejectattr":
      return .list(
        JinjaList(try selectByMember(items, given, name == "selectattr", line), isLazy: true))
    case "min", "max": return try extreme(items, given, name == "min", line)
    case "sort": return .list(JinjaList(try sorted(items, given, line)))
    case "unique":
      var kept: [JinjaValue] = []
      var known: Set<JinjaKey> = []
      for whole in items {
        try charge(whole)
        let item = try comparable(whole, given, line)
        if let key = JinjaKey(item) {
          if known.insert(key).inserted { kept.append(whole) }
          continue
        }
        throw failure("'unique' of \(item.kind)", line: line)
      }
      return .list(JinjaList(kept, isLazy: true))
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

  private static let ofSequences: Set<String> = [
    "list", "first", "last", "reverse", "join", "map", "select", "reject", "selectattr",
    "rejectattr", "min", "max", "sort", "unique", "sum",
  ]

  /// What `min`, `max` and `unique` compare of an item: a member of it, in lower case unless case counts.
  private mutating func comparable(
    _ item: JinjaValue, _ given: Values, _ line: Int
  ) throws(TemplateError) -> JinjaValue {
    let value = try attribute(given.value(1, "attribute"), of: item, line)
    guard given.value(0, "case_sensitive")?.isTrue != true, case .string(let text) = value else {
      return value
    }
    try charge(bytes: text.utf8.count)
    return .string(PythonText.lower(text))
  }

  /// The member of an item that an `attribute` argument names, dots and all, or the item itself.
  private mutating func attribute(
    _ name: JinjaValue?, of item: JinjaValue, _ line: Int
  ) throws(TemplateError) -> JinjaValue {
    try charge(values: 1)
    switch name {
    case .string(let path):
      try charge(bytes: path.utf8.count)
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
    case nil, .some(.none): return item
    case .some(let other): throw failure("an attribute that is \(other.kind)", line: line)
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
  private mutating func passes(
    _ value: JinjaValue, _ arguments: ArraySlice<JinjaValue>, _ line: Int
  ) throws(TemplateError) -> Bool {
    guard let first = arguments.first else { return value.isTrue }
    guard case .string(let name) = first, JinjaTests.names.contains(name) else {
      throw failure("the test \(first.kind)", line: line)
    }
    return try holds(name, value, Array(arguments.dropFirst()), line)
  }

  private mutating func select(
    _ items: [JinjaValue], _ given: Values, _ wanted: Bool, _ line: Int
  ) throws(TemplateError) -> [JinjaValue] {
    var kept: [JinjaValue] = []
    for item in items where try passes(item, given.positional[...], line) == wanted {
      kept.append(item)
    }
    return kept
  }

  private mutating func selectByMember(
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

  private mutating func extreme(
    _ items: [JinjaValue], _ given: Values, _ smallest: Bool, _ line: Int
  ) throws(TemplateError) -> JinjaValue {
    guard var best = items.first else { return .undefined("the extreme of nothing") }
    for item in items.dropFirst() {
      let one = try comparable(item, given, line)
      let two = try comparable(best, given, line)
      if try smallest ? isLess(one, two, line) : isLess(two, one, line) { best = item }
    }
    return best
  }

  /// A stable merge sort: the library's own takes no closure that throws our errors and counts.
  private mutating func sorted(
    _ items: [JinjaValue], _ given: Values, _ line: Int
  ) throws(TemplateError) -> [JinjaValue] {
    let order = given.value(0, "reverse") ?? .bool(false)
    guard let whole = order.whole else {
      throw failure("'sort' in the order \(order.kind)", line: line)
    }
    let reversed = whole != 0
    let cased = given.value(1, "case_sensitive")?.isTrue ?? false
    var keyed: [(key: JinjaValue, item: JinjaValue)] = []
    for item in items {
      var key = try attribute(given.value(2, "attribute"), of: item, line)
      if !cased, case .string(let text) = key {
        try charge(bytes: text.utf8.count)
        key = .string(PythonText.lower(text))
      }
      keyed.append((key, item))
    }
    var width = 1
    while width < keyed.count {
      var merged: [(key: JinjaValue, item: JinjaValue)] = []
      for start in stride(from: 0, to: keyed.count, by: 2 * width) {
        let middle = min(start + width, keyed.count)
        let end = min(start + 2 * width, keyed.count)
        var (left, right) = (start, middle)
        while left < middle || right < end {
          try charge(values: 1)
          var takesRight = left == middle
          if left < middle, right < end {
            let (one, two) = (keyed[left].key, keyed[right].key)
            takesRight = try reversed ? isLess(one, two, line) : isLess(two, one, line)
          }
          merged.append(keyed[takesRight ? right : left])
          if takesRight { right += 1 } else { left += 1 }
        }
      }
      keyed = merged
      width *= 2
    }
    return keyed.map(\.item)
  }
}
