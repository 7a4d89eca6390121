import Wire

/// What a stream says when it has nothing to say, so that proxies and clients know it lives.
package struct Heartbeat: Sendable, Equatable {
  /// What is sent; it must mean nothing to the client.
  package var bytes: [UInt8]
  /// How long the stream is silent before it is sent.
  package var interval: Duration
  /// Whether one is sent before anything else, so that `onopen` fires before the first event.
  package var opens: Bool

  /// Describes a heartbeat.
  package init(bytes: [UInt8], interval: Duration, opens: Bool) {
    self.bytes = bytes
    self.interval = interval
    self.opens = opens
  }

  /// A comment of an event stream, first at once.
  package static let comments = Heartbeat(
    bytes: SSEEncoder.comment(), interval: .seconds(12), opens: true)

  /// A comment only after a long silence, for clients that take each chunk for JSON.
  package static let rareComments = Heartbeat(
    bytes: SSEEncoder.comment(), interval: .seconds(15), opens: false)
}
