/// A place in a text that is read scalar by scalar: a regular expression, a grammar.
struct NotationCursor {
  let scalars: [Unicode.Scalar]
  var position = 0

  init(_ text: String) { scalars = Array(text.unicodeScalars) }

  /// What stands here; nil at the end.
  var next: Unicode.Scalar? { position < scalars.count ? scalars[position] : nil }

  /// Whether a dash here stands between the two ends of a range, in a set that `]` ends.
  var isInRange: Bool {
    next == "-" && position + 1 < scalars.count && scalars[position + 1] != "]"
  }

  /// Passes over a text, if it stands here.
  mutating func take(_ text: String) -> Bool {
    let wanted = Array(text.unicodeScalars)
    guard scalars[position...].starts(with: wanted) else { return false }
    position += wanted.count
    return true
  }

  /// Passes over a number.
  ///
  /// - Returns: nil where none stands here, and `limit` and one more for all that are larger.
  mutating func number(atMost limit: Int) -> Int? {
    var value: Int?
    while let scalar = next, (0x30...0x39).contains(scalar.value), value ?? 0 <= limit {
      value = min((value ?? 0) * 10 + Int(scalar.value - 0x30), limit + 1)
      position += 1
    }
    return value
  }

  /// Passes over hexadecimal digits, `most` of them at most.
  mutating func hexadecimal(_ most: Int) -> String {
    var text = ""
    while let scalar = next, scalar.isASCII, Character(scalar).isHexDigit, text.utf8.count < most {
      text.unicodeScalars.append(scalar)
      position += 1
    }
    return text
  }
}
