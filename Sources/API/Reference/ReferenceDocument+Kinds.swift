internal import JSON

extension ReferenceDocument {
  /// A schema in words: types, or the choices there are, then bounds and default.
  func kind(_ schema: JSONValue) -> String {
    let facts = resolved(schema)
    var words = [types(facts)]
    if let range = range(facts) { words.append(range) }
    if let fallback = facts["default"] { words.append("default \(text(fallback))") }
    return words.joined(separator: ", ")
  }

  private func types(_ facts: JSONValue) -> String {
    if let choices = facts["enum"]?.array {
      return choices.filter { $0 != .null }.map(text).joined(separator: " | ")
    }
    if let parts = facts["anyOf"]?.array {
      return parts.map { types(resolved($0)) }.filter { !$0.isEmpty && $0 != "value" }
        .joined(separator: " | ")
    }
    let named = facts["type"]?.array ?? facts["type"].map { [$0] } ?? []
    let items = resolved(facts["items"] ?? .null)
    let listed = (items["title"] ?? items["type"])?.string
    let words = named.compactMap(\.string).filter { $0 != "null" }.map { word in
      word == "array" ? listed.map { "array of \($0.lowercased())s" } ?? word : word
    }
    return words.isEmpty ? "value" : words.joined(separator: " | ")
  }

  private func range(_ facts: JSONValue) -> String? {
    switch (facts["minimum"], facts["maximum"]) {
    case (let low?, let high?) where abs(high.double ?? 0) < 1e9: "\(text(low)) to \(text(high))"
    case (let low?, _) where abs(low.double ?? 0) < 1e9: "at least \(text(low))"
    default: nil
    }
  }

  private func text(_ value: JSONValue) -> String {
    if let text = value.string { return text }
    var writer = JSONWriter()
    writer.value(value)
    return String(decoding: writer.bytes, as: UTF8.self)
  }
}
