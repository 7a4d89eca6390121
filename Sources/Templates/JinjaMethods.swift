import OrderedCollections

/// Methods of strings, mappings and lists.
enum JinjaMethods {
  /// Calls a method; nil if the value has none of that name.
  static func call(
    _ name: String, on value: JinjaValue, _ given: JinjaInterpreter.Values,
    _ interpreter: inout JinjaInterpreter, _ line: Int
  ) throws(TemplateError) -> JinjaValue? {
    switch value {
    case .markup: throw interpreter.failure("'\(name)' of safe text", line: line)
    case .string(let text):
      try interpreter.check(given, against: JinjaSignature.ofStrings[name], name, line)
      try interpreter.charge(bytes: text.utf8.count)
      for argument in given.positional { try interpreter.charge(argument) }
      if name == "format" { return .string(try interpreter.format(text, given, line)) }
      if let found = try change(name, text, given, &interpreter) { return found }
      if let found = inspect(name, text, given) { return found }
      throw interpreter.failure("a string has no method '\(name)' here", line: line)
    case .dictionary(let members):
      try interpreter.check(given, against: JinjaSignature.ofMappings[name], name, line)
      for argument in given.positional { try interpreter.charge(argument) }
      if ["items", "keys", "values"].contains(name) {
        try interpreter.charge(values: members.count)
      }
      return dictionary(name, members, given)
    case .list(let list), .tuple(let list):
      try interpreter.check(given, against: JinjaSignature.ofLists[name], name, line)
      if name == "index" || name == "count" { try interpreter.charge(value) }
      guard let wanted = given.positional.first else { return nil }
      switch name {
      case "index":
        guard let place = list.firstIndex(where: { $0.equals(wanted) }) else {
          throw interpreter.failure("a list without that element", line: line)
        }
        return .integer(place)
      case "count": return .integer(list.count { $0.equals(wanted) })
      default: throw interpreter.failure("a list has no method '\(name)' here", line: line)
      }
    case .loop(let state) where name == "cycle":
      let values = given.positional
      return values.isEmpty ? nil : values[state.index % values.count]
    default: return nil
    }
  }

  private static func dictionary(
    _ name: String, _ members: JinjaMapping,
    _ given: JinjaInterpreter.Values
  ) -> JinjaValue? {
    switch name {
    case "items": return .list(JinjaList(members.items))
    case "keys": return .list(JinjaList(members.keys))
    case "values": return .list(JinjaList(members.values))
    case "get":
      let fallback = given.value(1, "default") ?? .none
      return given.positional.first.flatMap { members[$0] } ?? fallback
    default: return nil
    }
  }

  /// Methods that make a text or a list of texts.
  private static func change(
    _ name: String, _ text: String, _ given: JinjaInterpreter.Values,
    _ interpreter: inout JinjaInterpreter
  ) throws(TemplateError) -> JinjaValue? {
    let given0 = given.value(0, "sep") ?? .none
    let first: String? = if case .string(let text) = given0 { text } else { nil }
    // Nothing stands for blanks; anything else but a text has no meaning here.
    if first == nil, name != "join" {
      guard case .none = given0 else { return nil }
    }
    switch name {
    case "strip": return .string(PythonText.strip(text, first))
    case "lstrip": return .string(PythonText.strip(text, first, right: false))
    case "rstrip": return .string(PythonText.strip(text, first, left: false))
    case "upper": return .string(PythonText.upper(text))
    case "lower": return .string(PythonText.lower(text))
    case "title": return .string(PythonText.title(text))
    case "capitalize": return .string(PythonText.capitalize(text))
    case "removeprefix":
      guard let first, PythonText.starts(text, with: first) else { return .string(text) }
      return .string(String(decoding: text.utf8.dropFirst(first.utf8.count), as: UTF8.self))
    case "removesuffix":
      guard let first, PythonText.ends(text, with: first) else { return .string(text) }
      return .string(String(decoding: text.utf8.dropLast(first.utf8.count), as: UTF8.self))
    case "replace":
      guard let first, case .string(let new) = given.value(1, "new") else { return nil }
      let most = given.value(2, "count")?.whole ?? -1
      return .string(
        try interpreter.replace(first, in: text, with: new, most: most < 0 ? .max : most))
    case "split", "rsplit":
      let most = given.value(1, "maxsplit")?.whole ?? -1
      return split(name, text, first, most < 0 ? .max : most)
    case "splitlines": return .list(JinjaList(lines(text).map { .string($0) }))
    case "join":
      guard let items = try interpreter.sequence(of: given0),
        items.allSatisfy({ if case .string = $0.plain { true } else { false } })
      else { return nil }
      return .string(try interpreter.join(items, by: text))
    default: return nil
    }
  }

  private static func split(
    _ name: String, _ text: String, _ separator: String?, _ most: Int
  ) -> JinjaValue? {
    guard let separator else {
      guard name == "split" else { return nil }
      return .list(JinjaList(PythonText.words(text, most: most).map { .string($0) }))
    }
    guard !separator.isEmpty else { return nil }
    if name == "split" || most == .max {
      return .list(JinjaList(PythonText.split(text, by: separator, most: most).map { .string($0) }))
    }
    // From the right: join what the cuts beyond the last ones took apart.
    let parts = PythonText.split(text, by: separator)
    let head = parts.dropLast(min(most, parts.count - 1))
    let tail = parts.suffix(parts.count - head.count)
    return .list(JinjaList(([head.joined(separator: separator)] + tail).map { .string($0) }))
  }

  private static func lines(_ text: String) -> [String] {
    var lines: [String] = []
    var line = String.UnicodeScalarView()
    var last: Unicode.Scalar?
    for scalar in text.unicodeScalars {
      if scalar == "\n" || scalar == "\r" {
        if !(scalar == "\n" && last == "\r") { lines.append(String(line)) }
        line = String.UnicodeScalarView()
      } else {
        line.append(scalar)
      }
      last = scalar
    }
    return line.isEmpty ? lines : lines + [String(line)]
  }

  /// Methods that tell something about a text.
  private static func inspect(
    _ name: String, _ text: String, _ given: JinjaInterpreter.Values
  ) -> JinjaValue? {
    let argument = given.positional.first
    let wanted: [String] =
      switch argument {
      case .string(let part): [part]
      case .tuple(let parts) where name.hasSuffix("with"):
        parts.compactMap { if case .string(let text) = $0 { text } else { nil } }
      default: []
      }
    let scalars = text.unicodeScalars
    switch name {
    case "startswith", "endswith", "find", "rfind", "count":
      // A list, a number and the like are no texts to look for.
      guard !wanted.isEmpty || argument?.length == 0 else { return nil }
    default: break
    }
    switch name {
    case "startswith": return .bool(wanted.contains { PythonText.starts(text, with: $0) })
    case "endswith": return .bool(wanted.contains { PythonText.ends(text, with: $0) })
    case "find", "rfind":
      guard let part = wanted.first else { return nil }
      let place =
        name == "find" ? PythonText.find(part, in: text) : PythonText.findLast(part, in: text)
      let before = place.map { String(decoding: Array(text.utf8)[..<$0], as: UTF8.self) }
      return .integer(before.map { $0.unicodeScalars.count } ?? -1)
    case "count":
      guard let part = wanted.first, !part.isEmpty else { return nil }
      return .integer(PythonText.split(text, by: part).count - 1)
    case "isdigit":
      let digits = scalars.allSatisfy { $0.properties.numericType == .decimal }
      return .bool(!scalars.isEmpty && digits)
    case "isalpha":
      return .bool(!scalars.isEmpty && scalars.allSatisfy(PythonText.isLetter))
    case "isspace": return .bool(!scalars.isEmpty && scalars.allSatisfy(PythonText.isSpace))
    case "isupper", "islower":
      let changed = name == "isupper" ? PythonText.upper(text) : PythonText.lower(text)
      return .bool(
        changed.utf8.elementsEqual(text.utf8) && scalars.contains { $0.properties.isCased })
    default: return nil
    }
  }
}
