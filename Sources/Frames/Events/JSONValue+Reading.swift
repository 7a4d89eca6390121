internal import JSON

/// Why bytes are not JSON.
public struct JSONError: Error, Hashable, Sendable {
  /// Where reading stopped, in bytes.
  public let offset: Int
}

extension JSONValue {
  /// Reads one document, strictly (RFC 8259): UTF-8, no trailing commas, nothing after it.
  ///
  /// Nesting is bounded, so hostile depth costs no stack. Of members with equal names all are kept; the
  /// subscript answers the last.
  /// - Throws: where the bytes stop being JSON.
  public init(reading bytes: [UInt8], maximumDepth: Int = 128) throws(JSONError) {
    var scanner = try JSONScanner(bytes, JSONRules(depth: maximumDepth)) {
      JSONError(offset: $0.offset)
    }
    self = try Self.value(&scanner)
    try scanner.end()
  }

  private static func value(_ scanner: inout JSONScanner<JSONError>) throws(JSONError) -> Self {
    if scanner.isNext("{") {
      var members: [Member] = []
      try scanner.members { scanner, name throws(JSONError) in
        members.append(Member(name, try value(&scanner)))
      }
      return .object(members)
    }
    if scanner.isNext("[") {
      var elements: [JSONValue] = []
      try scanner.elements { scanner, _ throws(JSONError) in
        elements.append(try value(&scanner))
      }
      return .array(elements)
    }
    return switch try scanner.scalar() {
    case .null: .null
    case .bool(let truth): .bool(truth)
    case .integer(let whole): .integer(whole)
    case .number(let real): .number(real)
    case .string(let text): .string(text)
    }
  }
}
