import OrderedCollections

/// `str.format`, as far as templates use it.
extension JinjaInterpreter {
  /// Fills `{}`, `{0}` and `{name}`; doubled braces are braces.
  ///
  /// Whatever else stands in braces is refused.
  mutating func format(
    _ text: String, _ given: Values, _ line: Int
  ) throws(TemplateError) -> String {
    var result = ""
    var next = 0
    var rest = text.unicodeScalars[...]
    while let scalar = rest.popFirst() {
      guard scalar == "{" || scalar == "}" else {
        result.unicodeScalars.append(scalar)
        continue
      }
      if rest.first == scalar {
        rest.removeFirst()
        result.unicodeScalars.append(scalar)
        continue
      }
      guard scalar == "{", let end = rest.firstIndex(of: "}") else {
        throw failure("a single brace in a format", line: line)
      }
      let field = String(rest[..<end])
      rest = rest[rest.index(after: end)...]
      let index = field.isEmpty ? next : Int(field)
      if field.isEmpty { next += 1 }
      let isIndex =
        field.isEmpty || field.unicodeScalars.allSatisfy { (0x30...0x39).contains($0.value) }
      let value =
        isIndex
        ? index.flatMap { given.positional.indices.contains($0) ? given.positional[$0] : nil }
        : given.named[field]
      guard let value else { throw failure("the format field {\(field.prefix(40))}", line: line) }
      let filled = try self.text(of: value)
      try account(filled.utf8.count)
      result += filled
    }
    return result
  }
}
