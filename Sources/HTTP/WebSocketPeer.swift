package import Sockets
package import Wire

/// A message from a WebSocket peer.
package enum IncomingMessage: Sendable, Equatable {
  /// Text.
  case text(String)
  /// Binary.
  case binary([UInt8])
}

/// Messages that a WebSocket connection pulls whenever it has room: a watched run.
///
/// - Isolation: as `BodySource`.
package protocol MessageSource: AnyObject, Sendable {
  /// Begins; `wake` may be called from any thread.
  func begin(isDeflating: Bool, wake: @escaping @Sendable () -> Void)
  /// The next messages, roughly `byteCount` bytes of them; never waits.
  func pull(atMost byteCount: Int) -> MessagePull
  /// The connection needs no more. Called exactly once.
  func leave()
}

/// What a pull from a `MessageSource` gave.
package enum MessagePull: Sendable {
  /// Whole frames to send, one behind the other, cut anywhere; never empty.
  case frames([[UInt8]])
  /// Nothing now; `wake` follows.
  case later
  /// The source has no more; the connection stays.
  case end
}

/// The other end of a WebSocket, as a handler holds it.
///
/// Usable from any thread.
package final class WebSocketPeer: Sendable {
  /// What the connection is told to do; each closure hops to its loop.
  struct Hands: Sendable {
    var wake: @Sendable () -> Void
    var close: @Sendable (WebSocketCloseCode, String) -> Void
    var watch: @Sendable (any MessageSource) -> Void
    var unwatch: @Sendable (any MessageSource) -> Void
  }

  /// The chosen subprotocol; nil when the client offered none we speak.
  package let subprotocol: String?
  /// The largest window the peer accepts in deflated messages, as a power of two; nil without compression.
  package let windowBits: Int?

  private let hands: Hands
  private let queue: BoundedQueue<OutgoingMessage>

  init(
    subprotocol: String?, windowBits: Int?,
    queue: BoundedQueue<OutgoingMessage>, hands: Hands
  ) {
    self.subprotocol = subprotocol
    self.windowBits = windowBits
    self.queue = queue
    self.hands = hands
  }

  /// Adds a message if there is room; never waits.
  @discardableResult
  package func offer(_ message: OutgoingMessage) -> Offer {
    let offer = queue.offer(message, cost: message.payload.count)
    if offer == .queued { hands.wake() }
    return offer
  }

  /// Sends a message, first waiting for room; false if the peer has gone.
  @discardableResult
  package func send(_ message: OutgoingMessage) async -> Bool {
    while true {
      switch offer(message) {
      case .queued: return true
      case .closed: return false
      case .dropped: await queue.room()
      }
      if Task.isCancelled { return false }
    }
  }

  /// Sends text; false if the peer has gone.
  @discardableResult
  package func send(text: String) async -> Bool { await send(.text(Array(text.utf8))) }

  /// Sends the messages of a source until it ends or is unwatched, interleaved with all others.
  package func watch(_ source: any MessageSource) { hands.watch(source) }

  /// Stops a source; its `leave` is called.
  package func unwatch(_ source: any MessageSource) { hands.unwatch(source) }

  /// Says goodbye after what is queued, then closes.
  package func close(_ code: WebSocketCloseCode = .normal, reason: String = "") {
    hands.close(code, reason)
  }
}

/// How a connection becomes a WebSocket.
package struct WebSocketUpgrade: Sendable {
  /// What the handler does with the peer's messages.
  package struct Session: Sendable {
    /// Called for each message, in order, one at a time: while it waits, the peer is not read.
    package var received: @Sendable (IncomingMessage) async -> Void
    /// Called once, as soon as the conversation is over for any reason.
    package var closed: @Sendable (WebSocketCloseCode?) -> Void

    /// Describes a session.
    package init(
      received: @escaping @Sendable (IncomingMessage) async -> Void,
      closed: @escaping @Sendable (WebSocketCloseCode?) -> Void = { _ in }
    ) {
      self.received = received
      self.closed = closed
    }
  }

  /// The subprotocols the route speaks, best first.
  package var subprotocols: [String]
  /// Called once, after the handshake, before any message.
  package var open: @Sendable (WebSocketPeer) -> Session

  /// Describes an upgrade.
  package init(
    subprotocols: [String] = ["neuroscope.v1"],
    open: @escaping @Sendable (WebSocketPeer) -> Session
  ) {
    self.subprotocols = subprotocols
    self.open = open
  }
}
