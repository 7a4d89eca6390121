/// What one attempt to read gave.
package enum ReadOutcome: Sendable, Equatable {
  /// So many bytes, at least one.
  case bytes(Int)
  /// Nothing yet.
  case nothing
  /// The peer has said its last byte; it may still be listening.
  case end
  /// The connection is broken, for instance reset; the system's error number.
  case failed(Int32)
}

/// What one attempt to write gave.
package enum WriteOutcome: Sendable, Equatable {
  /// So many bytes were taken.
  case bytes(Int)
  /// No room now.
  case nothing
  /// The connection is broken; the system's error number.
  case failed(Int32)
}

/// What became of everything that was to be written.
package enum FlushOutcome: Sendable, Equatable {
  /// All of it is out.
  case drained
  /// Some is left; the connection reports when all is out.
  case pending
  /// The connection is broken; the system's error number.
  case failed(Int32)
}

/// What an attempt to accept gave.
enum AcceptOutcome: Sendable {
  case connection(Int32, SocketAddress)
  /// Nobody waits.
  case nobody
  /// No descriptors or memory left: try again later.
  case exhausted
  /// The one who waited has gone, or another passing fault: try again at once.
  case again
  /// The listener itself is broken; the system's error number.
  case failed(Int32)
}
