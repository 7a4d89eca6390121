/// A lexical element of a template, with the line it stands on.
struct JinjaToken: Equatable {
  enum Kind: Equatable {
    /// Text between tags, after the white space rules.
    case data(String)
    /// `{{` and `}}`.
    case outputBegin, outputEnd
    /// `{%` and `%}`.
    case blockBegin, blockEnd
    case name(String)
    case string(String)
    case integer(Int)
    case float(Double)
    case symbol(String)
    case end
  }

  var kind: Kind
  var line: Int

  /// How the element reads in an error.
  var spelling: String {
    switch kind {
    case .data(let text): "text \(text.prefix(20).debugDescription)"
    case .outputBegin: "'{{'"
    case .outputEnd: "'}}'"
    case .blockBegin: "'{%'"
    case .blockEnd: "'%}'"
    case .name(let name): name
    case .string(let text): text.prefix(40).debugDescription
    case .integer(let value): String(value)
    case .float(let value): String(value)
    case .symbol(let symbol): "'\(symbol)'"
    case .end: "the end of the template"
    }
  }
}
