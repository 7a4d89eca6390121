package import HTTPTypes

extension HTTPServerMachine {
  /// `HTTP/1.1 100 Continue`, if the peer waits for it and has not begun its body; else nil.
  ///
  /// Call it once it is decided that the body will be read.
  package mutating func continueRequest() -> [UInt8]? { nil }

  /// Begins the final answer to the current request, or to a violation just thrown.
  ///
  /// Adds `Date`, `Connection: close` and the framing fields; those of the caller with the same names are
  /// dropped. For HEAD, 204 and 304 the body is left out (`envelope` then answers nil).
  /// - Parameter date: the time of the answer, as `HTTPDate` text.
  package mutating func respond(
    with response: HTTPResponse, body: ResponseBody, date: HTTPDate
  ) throws(ResponseMisuse) -> [UInt8] { [] }

  /// What to write around the next `count` bytes of body; nil when the body must not be written at all.
  package mutating func envelope(for count: Int) throws(ResponseMisuse) -> BodyEnvelope? { nil }

  /// Ends the answer: the last chunk and the trailers of a stream, nothing for the rest.
  package mutating func finishResponse(
    trailers: HTTPFields = [:]
  ) throws(ResponseMisuse) -> [UInt8] { [] }

  /// Answers `101 Switching Protocols`; afterwards `takeLeftover` has the first bytes of the next protocol.
  package mutating func switchProtocols(
    fields: HTTPFields, date: HTTPDate
  ) throws(ResponseMisuse) -> [UInt8] { [] }
}
