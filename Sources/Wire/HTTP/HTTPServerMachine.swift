internal import HTTPTypes

/// The server's side of one HTTP/1.1 connection, as a value over bytes.
///
/// `receive` only stores; `next` finds the next fact; the answering half (`respond`, `envelope`,
/// `finishResponse`) turns an answer into bytes and decides whether the connection lives on. Reading and
/// answering run side by side: an answer may be complete while its request's body is still coming in; then the
/// owner goes on calling `next` and ignores the body. Memory is bounded by `HTTPLimits`; no input traps.
/// There is no socket, clock or log in here.
///
/// - Standard: RFC 9112, RFC 9110.
package struct HTTPServerMachine: Sendable {
  package let limits: HTTPLimits

  /// Which part of a request is being read.
  enum Reading: Sendable {
    /// Empty lines skipped so far; the request line comes next.
    case requestLine(skipped: Int)
    case fields(RequestLine, FieldSection)
    case body(remaining: Int)
    case chunkLine
    case chunkData(remaining: Int)
    /// The CRLF after a chunk's data.
    case chunkEnd
    case trailers(FieldSection)
    /// The last byte is in; `end` has been told.
    case complete
    case upgraded
    case finished
  }

  var reading = Reading.requestLine(skipped: 0)
  var buffer = ReceiveBuffer()
  /// The request being read or answered.
  var head: RequestHead?
  /// What is left of the answer; nil before it begins.
  var answer: ResponseProgress?
  var hasSentContinue = false
  var peerEnded = false
  private var failure: ProtocolViolation?
  /// Of the current body: bytes of chunks announced, and of their extensions.
  var bodyBytes = 0
  var extensionBytes = 0

  /// Begins a connection.
  package init(limits: HTTPLimits = .standard) {
    self.limits = limits
  }

  /// Whether a violation ended the conversation.
  var hasFailed: Bool { failure != nil }

  /// Stores bytes from the peer.
  package mutating func receive(_ bytes: UnsafeRawBufferPointer) {
    if case .finished = reading { return }
    guard failure == nil else { return }
    buffer.append(bytes)
  }

  /// Stores bytes from the peer.
  package mutating func receive(_ bytes: [UInt8]) {
    bytes.withUnsafeBytes { receive($0) }
  }

  /// Notes that the peer will send nothing more.
  package mutating func receiveEnd() { peerEnded = true }

  /// The next fact in the received bytes.
  ///
  /// - Throws: the violation that ended the conversation; again on every later call.
  package mutating func next() throws(ProtocolViolation) -> HTTPEvent {
    if let failure { throw failure }
    do throws(ProtocolViolation) {
      let event = try read()
      guard event == .needMore, peerEnded else { return event }
      guard isBetweenRequests, buffer.isEmpty else { throw violation(.truncatedMessage) }
      reading = .finished
      return .finished
    } catch {
      failure = error
      throw error
    }
  }

  /// A rule broken at the current place.
  func violation(_ rule: ProtocolViolation.Rule) -> ProtocolViolation {
    ProtocolViolation(rule, at: buffer.offset)
  }

  /// Gives the pieces that judge lines a place for their complaints.
  func located<Value>(
    _ body: () throws(BrokenRule) -> Value
  ) throws(ProtocolViolation) -> Value {
    do throws(BrokenRule) { return try body() } catch { throw violation(error.rule) }
  }
}

extension HTTPServerMachine {
  /// Whether the owner should go on reading; false while a backlog of pipelined requests is full.
  package var wantsBytes: Bool {
    if hasFailed || peerEnded { return false }
    switch reading {
    case .complete: return buffer.count < limits.backlog
    case .finished: return false
    default: return true
    }
  }

  /// Where the connection stands, for choosing deadlines.
  package var phase: HTTPPhase {
    if hasFailed { return answer?.isComplete == true ? .finished : .answering }
    switch reading {
    case .requestLine(let skipped): return skipped == 0 && buffer.isEmpty ? .idle : .head
    case .fields: return .head
    case .body, .chunkLine, .chunkData, .chunkEnd, .trailers: return .body
    case .complete: return .answering
    case .upgraded: return .upgraded
    case .finished: return .finished
    }
  }

  /// Takes the bytes received after the request that was upgraded.
  package mutating func takeLeftover() -> [UInt8] { buffer.take(buffer.count) }

  var isBetweenRequests: Bool {
    if case .requestLine = reading { true } else { false }
  }
}
