package import Sockets
package import Wire

/// Every bound and deadline of the transport.
package struct TransportLimits: Sendable {
  /// What a request may have.
  package var http = HTTPLimits.standard
  /// What a WebSocket peer may send.
  package var webSocket = WebSocketLimits.standard
  /// Sizes of a connection's buffers.
  package var connection = Connection.Limits()
  /// Connections at once; beyond it, peers wait in the kernel's backlog.
  package var connections = 4096
  /// Bytes of a request's body after its content coding is undone.
  package var inflatedBody = 64 << 20
  /// Bytes of all requests' bodies together, arriving and unpacked; beyond it 503, and a client may have three fourths.
  package var bodies = 256 << 20
  /// Bytes that a streamed answer keeps in the outbox ahead of the peer.
  ///
  /// Small, so that what a slow viewer gets is fresh: the past waits in the topic, not here.
  package var readAhead = 64 << 10
  /// Bytes that may wait for all peers together; beyond it, the slowest are sent away.
  package var outboxes = 256 << 20
  /// Messages of a WebSocket peer that wait for its handler; beyond it, the peer is not read.
  package var waitingMessages = 64

  /// From the first byte of a header section to its end; also for the first byte of a connection.
  package var headDeadline: Duration = .seconds(10)
  /// Until a body arrives, besides one second for each `bodyRate` bytes of it.
  package var bodyDeadline: Duration = .seconds(10)
  /// Bytes a second that a body must average once its deadline has passed.
  package var bodyRate = 1024
  /// Between requests.
  package var idleDeadline: Duration = .seconds(60)
  /// Without the peer taking a single byte of what waits for it.
  package var writeDeadline: Duration = .seconds(10)
  /// After the last byte, for the peer to see it and close.
  package var drainDeadline: Duration = .seconds(2)
  /// Of a stream's silence before a heartbeat at least, however soon the stream itself asks for one.
  package var heartbeatFloor: Duration = .zero
  /// Of silence of a WebSocket peer before it is pinged, and between pings.
  package var pingInterval: Duration = .seconds(20)
  /// Of silence of a WebSocket peer, pinged all the while, before it is taken for gone.
  package var silenceDeadline: Duration = .seconds(60)

  /// The bounds used when nothing is configured.
  package init() {}
}
