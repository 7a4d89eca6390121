internal import HTTPTypes

/// Turns a request line and its fields into a `RequestHead`, or finds the rule they break.
///
/// Every shape that two servers could read differently is refused, for that is how requests are smuggled.
enum HeadJudge {
  static func judge(
    _ line: RequestLine, _ section: FieldSection, limits: HTTPLimits
  ) throws(BrokenRule) -> RequestHead {
    let isOld = line.minorVersion == 0
    let host = try host(section, isOld: isOld)
    let framing = try framing(section, isOld: isOld, limits: limits)
    let connection = section.values(.connection).flatMap(Grammar.list)
    func isListed(_ word: StaticString) -> Bool { connection.contains { Grammar.equals($0, word) } }
    let upgrades =
      isOld || !isListed("upgrade") ? [] : section.values(.upgrade).flatMap(Grammar.list)
    return RequestHead(
      method: line.method, target: line.target, minorVersion: line.minorVersion,
      fields: section.fields, framing: framing,
      keepsAlive: !isListed("close") && (!isOld || isListed("keep-alive")),
      expectsContinue: try expectsContinue(section, isOld: isOld) && framing != .none,
      upgrades: upgrades.filter { !$0.isEmpty }.map { String(decoding: $0, as: UTF8.self) },
      authority: line.authority ?? host)
  }

  /// Exactly one `Host` in HTTP/1.1, at most one in 1.0 (RFC 9112, section 3.2).
  private static func host(_ section: FieldSection, isOld: Bool) throws(BrokenRule) -> String? {
    let hosts = section.hosts
    guard hosts.count <= 1 else { throw BrokenRule(.repeatedHost) }
    guard let host = hosts.first else {
      guard isOld else { throw BrokenRule(.missingHost) }
      return nil
    }
    guard Grammar.isAuthority(host[...]) else { throw BrokenRule(.host) }
    return String(decoding: host, as: UTF8.self)
  }

  /// RFC 9112, section 6.
  private static func framing(
    _ section: FieldSection, isOld: Bool, limits: HTTPLimits
  ) throws(BrokenRule) -> BodyFraming {
    let codings = section.values(.transferEncoding)
    let lengths = section.values(.contentLength)
    if !codings.isEmpty {
      guard lengths.isEmpty else { throw BrokenRule(.lengthAndCoding) }
      guard !isOld else { throw BrokenRule(.codingInOldVersion) }
      try checkCodings(codings.flatMap(Grammar.list))
      return .chunked
    }
    guard let value = lengths.first else { return .none }
    guard lengths.count == 1 else { throw BrokenRule(.repeatedContentLength) }
    guard let length = Grammar.decimal(value) else { throw BrokenRule(.contentLength) }
    guard length <= limits.body else { throw BrokenRule(.bodyTooLarge) }
    return length == 0 ? .none : .length(length)
  }

  /// The only coding understood is `chunked`, once and last.
  private static func checkCodings(_ codings: [ArraySlice<UInt8>]) throws(BrokenRule) {
    guard codings.allSatisfy(Grammar.isToken) else { throw BrokenRule(.transferCoding) }
    let chunked = codings.map { Grammar.equals($0, "chunked") }
    if chunked.dropLast().contains(true) { throw BrokenRule(.transferCoding) }
    guard codings.count == 1, chunked == [true] else { throw BrokenRule(.unknownTransferCoding) }
  }

  /// RFC 9110, section 10.1.1; an HTTP/1.0 peer's expectation is ignored.
  private static func expectsContinue(
    _ section: FieldSection, isOld: Bool
  ) throws(BrokenRule) -> Bool {
    guard !isOld else { return false }
    let expectations = section.values(.expect).flatMap(Grammar.list).filter { !$0.isEmpty }
    guard expectations.allSatisfy({ Grammar.equals($0, "100-continue") }) else {
      throw BrokenRule(.unknownExpectation)
    }
    return !expectations.isEmpty
  }
}
