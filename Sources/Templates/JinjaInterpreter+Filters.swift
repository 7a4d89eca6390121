import JSON
import OrderedCollections

/// Filters of single values.
extension JinjaInterpreter {
  mutating func apply(
    _ filter: JinjaExpression.Filter, to value: JinjaValue
  ) throws(TemplateError) -> JinjaValue {
    try apply(filter.name, to: value, try values(of: filter.arguments), filter.line)
  }

  /// Applies a filter by name, as `map` does it too.
  mutating func apply(
    _ name: String, to value: JinjaValue, _ given: Values, _ line: Int
  ) throws(TemplateError) -> JinjaValue {
    try check(given, against: JinjaSignature.filters[name], name, line)
    if Self.walking.contains(name) {
      try charge(value)
      for argument in given.positional { try charge(argument) }
    }
    if name == "default" || name == "d" {
      let fallback = given.value(0, "default_value") ?? .string("")
      if case .undefined = value { return fallback }
      return given.value(1, "boolean")?.isTrue == true && !value.isTrue ? fallback : value
    }
    if case .markup(let text) = value {
      return try applyToMarkup(name, text, given, line)
    }
    if let found = try applyToText(name, value, given, line) { return found }
    if let found = try applyToNumber(name, value, given, line) { return found }
    if let found = try applyToSequence(name, value, given, line) { return found }
    switch name {
    case "attr":
      guard case .string(let member) = given.value(0, "name") else { break }
      return try self.member(member, of: value, line)
    case "safe": return .markup(try text(of: value))
    case "tojson": return .string(try json(value, given, line))
    default: break
    }
    throw failure("the filter '\(name)' of \(value.kind)", line: line)
  }

  /// Safe text: what would have to keep or lose that mark in a way of its own is refused.
  private mutating func applyToMarkup(
    _ name: String, _ text: String, _ given: Values, _ line: Int
  ) throws(TemplateError) -> JinjaValue {
    switch name {
    case "safe", "escape", "e", "string": return .markup(text)
    case "length", "count", "default", "d", "tojson", "int", "float", "list":
      let found = try apply(name, to: .string(text), given, line)
      if case .string(let same) = found, name != "tojson" { return .markup(same) }
      return found
    default: throw failure("the filter '\(name)' of safe text", line: line)
    }
  }

  /// Filters of the text of a value.
  private static let ofTexts: Set<String> = [
    "string", "upper", "lower", "capitalize", "title", "trim", "replace", "indent", "escape", "e",
  ]

  /// Filters that go through all of their value.
  private static let walking: Set<String> = [
    "string", "upper", "lower", "capitalize", "title", "trim", "replace", "indent", "escape", "e",
    "tojson", "int", "float", "reverse",
  ]

  private mutating func applyToText(
    _ name: String, _ value: JinjaValue, _ given: Values, _ line: Int
  ) throws(TemplateError) -> JinjaValue? {
    if case .list(let list) = value, list.isLazy, Self.ofTexts.contains(name) {
      throw failure("'\(name)' of a generator", line: line)
    }
    if case .function(let function) = value, Self.ofTexts.contains(name) {
      throw failure("'\(name)' of the function '\(function)'", line: line)
    }
    switch name {
    case "string": return .string(value.text)
    case "upper": return .string(PythonText.upper(value.text))
    case "lower": return .string(PythonText.lower(value.text))
    case "capitalize": return .string(PythonText.capitalize(value.text))
    case "title": return .string(Self.title(value.text))
    case "trim":
      switch given.value(0, "chars") {
      case nil, .some(.none): return .string(PythonText.strip(value.text, nil))
      case .string(let set): return .string(PythonText.strip(value.text, set))
      default: return nil
      }
    case "replace":
      guard let old = given.value(0, "old"), let new = given.value(1, "new") else { return nil }
      let most = given.value(2, "count")?.whole ?? .max
      return .string(try replace(old.text, in: value.text, with: new.text, most: max(most, 0)))
    case "indent":
      guard case .string(let text) = value else { return nil }
      switch given.value(0, "width") {
      case nil, .integer, .bool, .string: return .string(try indent(text, given))
      default: return nil
      }
    case "escape", "e": return .markup(Self.escape(value.text))
    default: return nil
    }
  }

  /// Capitals after blanks, dashes and opening brackets.
  private static func title(_ text: String) -> String {
    var result = ""
    var start = true
    for scalar in text.unicodeScalars {
      result += start ? scalar.properties.titlecaseMapping : scalar.properties.lowercaseMapping
      start = PythonText.isSpace(scalar) || "-({[<".unicodeScalars.contains(scalar)
    }
    return result
  }

  static func escape(_ text: String) -> String {
    var result = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result.append(contentsOf: "&amp;".unicodeScalars)
      case "<": result.append(contentsOf: "&lt;".unicodeScalars)
      case ">": result.append(contentsOf: "&gt;".unicodeScalars)
      case "'": result.append(contentsOf: "&#39;".unicodeScalars)
      case "\"": result.append(contentsOf: "&#34;".unicodeScalars)
      default: result.append(scalar)
      }
    }
    return String(result)
  }

  private mutating func indent(
    _ text: String, _ given: Values
  ) throws(TemplateError) -> String {
    let width = given.value(0, "width")
    let margin: String =
      if case .string(let margin) = width { margin } else {
        try repeated(" ", width?.whole ?? 4)
      }
    let first = given.value(1, "first")?.isTrue ?? false
    let blank = given.value(2, "blank")?.isTrue ?? false
    let lines = PythonText.split(text, by: "\n")
    try account(lines.count * margin.utf8.count)
    return lines.enumerated().map { index, line in
      let wanted = index == 0 ? first : blank || !line.isEmpty
      return wanted ? margin + line : line
    }.joined(separator: "\n")
  }

  /// Replaces, counting what the result takes.
  mutating func replace(
    _ old: String, in text: String, with new: String, most: Int
  ) throws(TemplateError) -> String {
    // The longest possible result; a count beforehand is cheaper than a refusal afterwards.
    let places = old.isEmpty ? text.utf8.count + 1 : text.utf8.count / old.utf8.count
    let (growth, overflow) = min(places, most).multipliedReportingOverflow(by: new.utf8.count)
    guard !overflow, growth <= 8 * limits.bytes else { throw failure("a text of that size") }
    let result = PythonText.replace(old, in: text, with: new, most: most)
    try account(result.utf8.count)
    return result
  }

  /// Joins the texts of values, counting what the result takes.
  mutating func join(
    _ items: [JinjaValue], by separator: String
  ) throws(TemplateError) -> String {
    var result = ""
    for (index, item) in items.enumerated() {
      let text = try text(of: item)
      try account(text.utf8.count + separator.utf8.count)
      if index > 0 { result += separator }
      result += text
    }
    return result
  }

  private func applyToNumber(
    _ name: String, _ value: JinjaValue, _ given: Values, _ line: Int
  ) throws(TemplateError) -> JinjaValue? {
    switch name {
    case "abs":
      if let whole = value.whole { return whole == .min ? nil : .integer(abs(whole)) }
      return value.number.map { .float($0.magnitude) }
    case "int":
      let fallback = given.value(0, "default") ?? .integer(0)
      if let whole = value.whole { return .integer(whole) }
      let number = value.number ?? Double(PythonText.strip(value.text, nil))
      if case .string(let text) = value, let whole = Int(PythonText.strip(text, nil)) {
        return .integer(whole)
      }
      return number.flatMap { Int(exactly: $0.rounded(.towardZero)) }.map { .integer($0) }
        ?? fallback
    case "float":
      let number = value.number ?? Double(PythonText.strip(value.text, nil))
      return number.map { .float($0) } ?? given.value(0, "default") ?? .float(0)
    case "round":
      guard let number = value.number else { return nil }
      let precision = given.value(0, "precision") ?? .integer(0)
      guard case .integer(let digits) = precision, (0...15).contains(digits) else { return nil }
      let method = given.value(1, "method")?.text ?? "common"
      // A whole number stays one.
      if method == "common", let whole = value.whole { return .integer(whole) }
      let scale = (0..<digits).reduce(1.0) { product, _ in product * 10 }
      let rule: FloatingPointRoundingRule =
        switch method {
        case "ceil": .up
        case "floor": .down
        default: .toNearestOrEven
        }
      guard ["common", "ceil", "floor"].contains(method) else { return nil }
      return .float((number * scale).rounded(rule) / scale)
    default: return nil
    }
  }

  /// `json.dumps` with the options that templates give.
  private func json(
    _ value: JinjaValue, _ given: Values, _ line: Int
  ) throws(TemplateError) -> String {
    guard let json = value.json else { throw failure("JSON of \(value.kind)", line: line) }
    var style = JSONStyle.python
    style.asciiOnly = given.value(0, "ensure_ascii")?.isTrue ?? false
    switch given.value(1, "indent") {
    case nil, .some(.none): break
    case .integer(let indent): style.indent = min(max(indent, 0), 16)
    case .some(let other): throw failure("JSON indented by \(other.kind)", line: line)
    }
    switch given.value(2, "separators") {
    case nil, .some(.none): break
    case .some(let other):
      guard let marks = other.sequence, marks.count == 2,
        marks.allSatisfy({ if case .string = $0 { true } else { false } })
      else { throw failure("JSON separated by \(other.kind)", line: line) }
      style.comma = marks[0].text
      style.colon = marks[1].text
    }
    style.sortedKeys = given.value(3, "sort_keys")?.isTrue ?? false
    return json.json(style)
  }
}
