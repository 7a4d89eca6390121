/// How the body of an answer will be framed; the machine turns it into fields and chunk envelopes.
package enum ResponseBody: Hashable, Sendable {
  /// No body: the answer is complete with its head (`Content-Length: 0` where the status allows one).
  case none
  /// Exactly so many bytes.
  case length(Int)
  /// Bytes of unknown number: chunks, or until close for an HTTP/1.0 peer.
  case stream
}

/// What to write around a piece of body so that the piece itself is never copied.
package struct BodyEnvelope: Hashable, Sendable {
  /// Goes before the piece; may be empty.
  package var prefix: [UInt8]
  /// Goes after the piece; may be empty.
  package var suffix: [UInt8]
}

/// Our own misuse of a machine while answering; never caused by a peer.
package enum ResponseMisuse: Error, Hashable, Sendable {
  /// No request waits for an answer, or its answer has begun already.
  case notAnswering
  /// A piece or the end was written before the head.
  case headMissing
  /// More or fewer bytes than the head promised.
  case length(promised: Int, written: Int)
  /// The status cannot begin a final answer (1xx other than 101 through `switchProtocols`).
  case status(Int)
}
