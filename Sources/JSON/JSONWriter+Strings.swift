/// Characters that do not stand for themselves.
extension JSONWriter {
  /// The inside of a string.
  mutating func escaped(_ text: String) {
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"", "\\": bytes += [0x5c, UInt8(ascii: scalar)]
      case "\n": bytes += [0x5c, 0x6e]
      case "\r": bytes += [0x5c, 0x72]
      case "\t": bytes += [0x5c, 0x74]
      case "\u{8}": bytes += [0x5c, 0x62]
      case "\u{C}": bytes += [0x5c, 0x66]
      // Ends of lines to JavaScript and Python, which some readers of event streams cut lines at.
      case "\u{85}", "\u{2028}", "\u{2029}":
        isCompact || style.asciiOnly ? units(scalar) : append(scalar)
      case "<", ">", "&", "'": style.htmlSafe ? units(scalar) : append(scalar)
      default:
        let isEscaped = scalar.value < 0x20 || (style.asciiOnly && scalar.value > 0x7E)
        isEscaped ? units(scalar) : append(scalar)
      }
    }
  }

  private mutating func append(_ scalar: Unicode.Scalar) { bytes += UTF8.encode(scalar) ?? .init() }

  /// The character as one or two `\u` escapes.
  private mutating func units(_ scalar: Unicode.Scalar) {
    for unit in UTF16.encode(scalar) ?? .init() {
      let digits = String(unit, radix: 16)
      bytes += "\\u".utf8
      bytes += repeatElement(0x30, count: 4 - digits.utf8.count)
      bytes += digits.utf8
    }
  }
}

extension JSONValue {
  /// The value as JSON text.
  package func json(_ style: JSONStyle = .python) -> String {
    var writer = JSONWriter(style)
    writer.value(self)
    return String(decoding: writer.bytes, as: UTF8.self)
  }
}
