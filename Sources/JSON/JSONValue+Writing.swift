import OrderedCollections

/// JSON text of a value.
extension JSONValue {
  /// How a value is spelt.
  package struct Style: Sendable {
    /// Between elements, and between a name and its value.
    package var comma = ", "
    package var colon = ": "
    /// Spaces of one level, or nil for one line.
    package var indent: Int?
    /// Characters beyond ASCII as `\u` escapes.
    package var asciiOnly = false
    /// `<`, `>`, `&` and `'` as `\u` escapes, as Jinja's own `tojson` does.
    package var htmlSafe = false
    package var sortedKeys = false

    package init() {}
    /// As `json.dumps` of Python with `ensure_ascii` off.
    package static let python = Style()
    /// Without blanks.
    package static let compact: Style = {
      var style = Style()
      style.comma = ","
      style.colon = ":"
      return style
    }()
  }

  /// The value as JSON text.
  package func json(_ style: Style = .python) -> String {
    var text = ""
    write(into: &text, style, level: 0)
    return text
  }

  private func write(into text: inout String, _ style: Style, level: Int) {
    switch self {
    case .null: text += "null"
    case .bool(let flag): text += flag ? "true" : "false"
    case .integer(let value): text += String(value)
    case .number(let value): text += Self.spell(value)
    case .string(let string): Self.quote(string, style, into: &text)
    case .array(let list):
      text += "["
      for (index, element) in list.enumerated() {
        if index > 0 { text += style.comma.trimmed(style) }
        Self.newLine(style, level + 1, into: &text)
        element.write(into: &text, style, level: level + 1)
      }
      if !list.isEmpty { Self.newLine(style, level, into: &text) }
      text += "]"
    case .object(let members):
      text += "{"
      let keys = style.sortedKeys ? members.keys.sorted() : Array(members.keys)
      for (index, key) in keys.enumerated() {
        if index > 0 { text += style.comma.trimmed(style) }
        Self.newLine(style, level + 1, into: &text)
        Self.quote(key, style, into: &text)
        text += style.colon
        members[key]?.write(into: &text, style, level: level + 1)
      }
      if !members.isEmpty { Self.newLine(style, level, into: &text) }
      text += "}"
    }
  }

  private static func newLine(_ style: Style, _ level: Int, into text: inout String) {
    guard let indent = style.indent else { return }
    text += "\n" + String(repeating: " ", count: indent * level)
  }

  /// A number as Python prints it.
  ///
  /// Swift's spelling is the same but for whole numbers from 2^53 to 10^16.
  package static func spell(_ value: Double) -> String {
    guard value.isFinite else { return value.isNaN ? "NaN" : value < 0 ? "-Infinity" : "Infinity" }
    guard value.magnitude >= 0x1p53, value.magnitude < 1e16 else { return String(value) }
    return String(Int64(value)) + ".0"
  }

  private static func quote(_ string: String, _ style: Style, into text: inout String) {
    text += "\""
    for scalar in string.unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case "\n": text += "\\n"
      case "\r": text += "\\r"
      case "\t": text += "\\t"
      case "\u{8}": text += "\\b"
      case "\u{C}": text += "\\f"
      case "<", ">", "&", "'": style.htmlSafe ? escape(scalar, into: &text) : text.append(scalar)
      default:
        let escaped = scalar.value < 0x20 || (style.asciiOnly && scalar.value > 0x7E)
        escaped ? escape(scalar, into: &text) : text.append(scalar)
      }
    }
    text += "\""
  }

  private static func escape(_ scalar: Unicode.Scalar, into text: inout String) {
    for unit in Unicode.UTF16.encode(scalar) ?? .init() {
      let digits = String(unit, radix: 16)
      text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
    }
  }
}

extension String {
  fileprivate mutating func append(_ scalar: Unicode.Scalar) { unicodeScalars.append(scalar) }

  /// A separator without its blank when lines are broken, as Python does it.
  fileprivate func trimmed(_ style: JSONValue.Style) -> String {
    style.indent != nil && hasSuffix(" ") ? String(dropLast()) : self
  }
}
