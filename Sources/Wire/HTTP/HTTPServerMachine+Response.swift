package import HTTPTypes

extension HTTPServerMachine {
  /// `HTTP/1.1 100 Continue`, if the peer waits for it and has not begun its body; else nil.
  ///
  /// Call it once it is decided that the body will be read.
  package mutating func continueRequest() -> [UInt8]? {
    guard isAwaitingContinue, answer == nil, buffer.isEmpty else { return nil }
    hasSentContinue = true
    return Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)
  }

  /// Begins the final answer to the current request, or to a violation just thrown.
  ///
  /// Adds `Date`, `Connection` and the framing fields; those of the caller with the same names are dropped.
  /// For HEAD, 204 and 304 the body is left out (`envelope` then answers nil). `finishResponse` completes
  /// every answer.
  /// - Parameter date: the time of the answer.
  package mutating func respond(
    with response: HTTPResponse, body: ResponseBody, date: HTTPDate
  ) throws(ResponseMisuse) -> [UInt8] {
    guard answer == nil, head != nil || hasFailed, !isUpgraded else { throw .notAnswering }
    let code = response.status.code
    guard (200...999).contains(code) else { throw .status(code) }
    // A peer still waiting for 100 may or may not send its body now; nobody can tell where the next request
    // would begin.
    let closes = hasFailed || head?.keepsAlive != true || isAwaitingContinue
    let hasNoBody = code == 204 || code == 304
    var text = statusLine(response.status) + "Date: \(date.text)\r\n"
    var answer = ResponseProgress(delimiter: .suppressed, closes: closes)
    switch body {
    case _ where hasNoBody: break
    case .none: text += "Content-Length: 0\r\n"
    case .length(let length):
      text += "Content-Length: \(max(0, length))\r\n"
      answer.delimiter = .length(promised: max(0, length), written: 0)
    case .stream where head?.minorVersion == 0:
      answer.delimiter = .untilClose
      answer.closes = true
    case .stream:
      text += "Transfer-Encoding: chunked\r\n"
      answer.delimiter = .chunked
    }
    if head?.method == .head { answer.delimiter = .suppressed }
    var options: [String] = []
    if answer.closes {
      options.append("close")
    } else if head?.minorVersion == 0 {
      options.append("keep-alive")
    }
    // Whoever sends `Upgrade`, as 426 does, has to say so here (RFC 9110, section 7.8).
    if response.headerFields[.upgrade] != nil { options.append("upgrade") }
    if !options.isEmpty { text += "Connection: \(options.joined(separator: ", "))\r\n" }
    self.answer = answer
    return Self.serialise(text, response.headerFields, dropping: Self.ownFields)
  }

  /// What to write around the next `count` bytes of body; nil when the body must not be written at all.
  package mutating func envelope(for count: Int) throws(ResponseMisuse) -> BodyEnvelope? {
    guard var answer, !answer.isComplete else { throw .headMissing }
    switch answer.delimiter {
    case .suppressed: return nil
    case .untilClose: return BodyEnvelope(prefix: [], suffix: [])
    case .chunked:
      // A chunk of no bytes would end the body.
      guard count > 0 else { return BodyEnvelope(prefix: [], suffix: []) }
      return BodyEnvelope(
        prefix: Array((String(count, radix: 16) + "\r\n").utf8), suffix: [0x0d, 0x0a])
    case .length(let promised, let written):
      guard count <= promised - written else {
        throw .length(promised: promised, written: written + count)
      }
      answer.delimiter = .length(promised: promised, written: written + count)
      self.answer = answer
      return BodyEnvelope(prefix: [], suffix: [])
    }
  }

  /// Ends the answer: the last chunk and the trailers of a stream, nothing for the rest.
  ///
  /// - Throws: `length` when less was written than promised; the connection then has to be closed.
  package mutating func finishResponse(
    trailers: HTTPFields = [:]
  ) throws(ResponseMisuse) -> [UInt8] {
    guard var answer, !answer.isComplete else { throw .headMissing }
    answer.isComplete = true
    var bytes: [UInt8] = []
    var misuse: ResponseMisuse?
    switch answer.delimiter {
    case .suppressed, .untilClose: break
    case .chunked: bytes = Self.serialise("0\r\n", trailers, dropping: Self.ownFields)
    case .length(let promised, let written) where written < promised:
      answer.closes = true
      misuse = .length(promised: promised, written: written)
    case .length: break
    }
    self.answer = answer
    if let misuse { throw misuse }
    return bytes
  }

  /// Answers `101 Switching Protocols`; afterwards `takeLeftover` has the first bytes of the next protocol.
  ///
  /// - Parameter fields: what the next protocol's handshake adds, `Upgrade` among it.
  package mutating func switchProtocols(
    fields: HTTPFields, date: HTTPDate
  ) throws(ResponseMisuse) -> [UInt8] {
    guard case .complete = reading, answer == nil, head?.upgrades.isEmpty == false else {
      throw .notAnswering
    }
    reading = .upgraded
    let text = statusLine(.switchingProtocols) + "Date: \(date.text)\r\nConnection: Upgrade\r\n"
    return Self.serialise(text, fields, dropping: Self.ownFields)
  }

  /// Whether the connection must be closed once everything written so far is out.
  package var mustClose: Bool {
    if case .finished = reading { return true }
    guard let answer, answer.isComplete else { return false }
    return answer.closes
  }
}

extension HTTPServerMachine {
  /// Fields that only the machine writes.
  private static let ownFields: Set<HTTPField.Name> = [
    .date, .contentLength, .transferEncoding, .connection,
  ]

  private var isUpgraded: Bool { if case .upgraded = reading { true } else { false } }

  /// Whether the peer holds its body back until it is told to go on.
  private var isAwaitingContinue: Bool {
    guard head?.expectsContinue == true, !hasSentContinue else { return false }
    switch reading {
    case .body(let remaining): return head?.framing == .length(remaining)
    case .chunkLine: return bodyBytes == 0
    default: return false
    }
  }

  private func statusLine(_ status: HTTPResponse.Status) -> String {
    "HTTP/1.1 \(status.code) \(status.reasonPhrase)\r\n"
  }

  /// Writes field lines and the empty one after them.
  private static func serialise(
    _ start: String, _ fields: HTTPFields, dropping dropped: Set<HTTPField.Name>
  ) -> [UInt8] {
    var bytes = Array(start.utf8)
    for field in fields where !dropped.contains(field.name) {
      bytes += field.name.rawName.utf8
      bytes += [0x3a, 0x20]
      field.withUnsafeBytesOfValue { bytes.append(contentsOf: $0) }
      bytes += [0x0d, 0x0a]
    }
    bytes += [0x0d, 0x0a]
    return bytes
  }
}
