/// How JSON is spelt.
package struct JSONStyle: Sendable {
  /// Between elements, and between a name and its value.
  package var comma = ","
  package var colon = ":"
  /// Spaces of one level, or nil for one line.
  package var indent: Int?
  /// Characters beyond ASCII as `\u` escapes.
  package var asciiOnly = false
  /// `<`, `>`, `&` and `'` as `\u` escapes, as Jinja's own `tojson` does.
  package var htmlSafe = false
  package var sortedKeys = false
  /// Numbers as Python prints them, also the ones that JSON does not have.
  package var pythonNumbers = false

  /// Without blanks.
  package static let compact = JSONStyle()

  /// As `json.dumps` of Python with `ensure_ascii` off.
  package static let python: JSONStyle = {
    var style = JSONStyle()
    style.comma = ", "
    style.colon = ": "
    style.pythonNumbers = true
    return style
  }()

  /// On one line, with a blank behind each comma and colon.
  package static let line: JSONStyle = {
    var style = JSONStyle()
    style.comma = ", "
    style.colon = ": "
    return style
  }()

  /// A comma, without its blank where lines are broken, as Python does it.
  var separator: String { indent != nil && comma.hasSuffix(" ") ? String(comma.dropLast()) : comma }

  /// A number as Python prints it.
  ///
  /// Swift's spelling is the same but for whole numbers from 2^53 to 10^16.
  package static func python(_ value: Double) -> String {
    guard value.isFinite else { return value.isNaN ? "NaN" : value < 0 ? "-Infinity" : "Infinity" }
    guard value.magnitude >= 0x1p53, value.magnitude < 1e16 else { return String(value) }
    return String(Int64(value)) + ".0"
  }
}
