internal import HTTPTypes

/// The first line of a request: method, target, version, each checked.
///
/// - Standard: RFC 9112, section 3.
struct RequestLine {
  var method: HTTPRequest.Method
  var target: RequestTarget
  /// The authority of a target in absolute form, which overrides `Host`.
  var authority: String?
  var minorVersion: Int

  /// Judges a line without its CRLF.
  init(_ line: [UInt8]) throws(BrokenRule) {
    let parts = line.split(separator: 0x20, omittingEmptySubsequences: false)
    guard parts.count == 3, parts.allSatisfy({ !$0.isEmpty }) else {
      throw BrokenRule(.requestLine)
    }
    minorVersion = try Self.version(parts[2])
    // Any token is a method; which ones a path has, the router knows (405 with `Allow`).
    guard Grammar.isToken(parts[0]),
      let method = HTTPRequest.Method(String(decoding: parts[0], as: UTF8.self))
    else { throw BrokenRule(.method) }
    self.method = method
    (target, authority) = try TargetParser.parse(parts[1], method: method)
  }

  /// `HTTP/1.` and a digit; any later minor version is treated as 1.
  private static func version(_ text: ArraySlice<UInt8>) throws(BrokenRule) -> Int {
    let bytes = Array(text)
    guard bytes.count == 8, bytes.starts(with: Array("HTTP/".utf8)), bytes[6] == UInt8(ascii: "."),
      Grammar.isDigit(bytes[5]), Grammar.isDigit(bytes[7])
    else { throw BrokenRule(.version) }
    guard bytes[5] == UInt8(ascii: "1") else { throw BrokenRule(.unsupportedVersion) }
    return min(1, Int(bytes[7] - 0x30))
  }
}

/// A rule broken in a piece of a message whose place only the machine knows.
struct BrokenRule: Error {
  var rule: ProtocolViolation.Rule

  init(_ rule: ProtocolViolation.Rule) { self.rule = rule }
}
