package import HTTPTypes

/// What `HTTPServerMachine.next()` found in the bytes received so far.
package enum HTTPEvent: Hashable, Sendable {
  /// A request begins. Answer it; until its `end` the body follows.
  case head(RequestHead)
  /// The next bytes of the body, never empty.
  case body([UInt8])
  /// The request is complete. Trailers are never merged into the fields of the head.
  case end(trailers: HTTPFields)
  /// Not an event: nothing more can be said before more bytes arrive.
  case needMore
  /// Not an event: the request is complete and its answer is not; the next one waits (pipelining).
  case paused
  /// Not an event: nothing will follow. Write what is pending, then close.
  case finished
}
