/// The server's side of one HTTP/1.1 connection, as a value over bytes.
///
/// `receive` only stores; `next` finds the next fact; the answering half (`respond`, `envelope`,
/// `finishResponse`) turns an answer into bytes and decides whether the connection lives on. Memory is
/// bounded by `HTTPLimits`; no input traps. There is no socket, clock or log in here.
///
/// - Standard: RFC 9112, RFC 9110.
package struct HTTPServerMachine: Sendable {
  package let limits: HTTPLimits

  /// Begins a connection.
  package init(limits: HTTPLimits = .standard) {
    self.limits = limits
  }

  /// Stores bytes from the peer.
  package mutating func receive(_ bytes: UnsafeRawBufferPointer) {}

  /// Stores bytes from the peer.
  package mutating func receive(_ bytes: [UInt8]) {
    bytes.withUnsafeBytes { receive($0) }
  }

  /// Notes that the peer will send nothing more.
  package mutating func receiveEnd() {}

  /// The next fact in the received bytes.
  ///
  /// - Throws: the violation that ended the conversation; again on every later call.
  package mutating func next() throws(ProtocolViolation) -> HTTPEvent { .needMore }

  /// Whether the owner should go on reading; false while a backlog of pipelined requests is full.
  package var wantsBytes: Bool { true }

  /// Where the connection stands, for choosing deadlines.
  package var phase: HTTPPhase { .idle }

  /// Whether the connection must be closed once everything written so far is out.
  package var mustClose: Bool { false }

  /// Takes the bytes received after the request that was upgraded.
  package mutating func takeLeftover() -> [UInt8] { [] }
}
