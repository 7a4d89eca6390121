import Traces
import Wire

/// The state of a connection that has become a WebSocket.
///
/// - Isolation: belongs to its connection.
final class WebSocketConversation {
  var machine: WebSocketMachine
  /// Whether the peer is still there.
  var pulse: PeerPulse
  let queue: BoundedQueue<OutgoingMessage>
  let isDeflating: Bool
  /// Who has opened it.
  let caller: Caller
  /// What its messages ask for stands below the request that opened it.
  let span: TracedSpan?
  private let waitingLimit: Int
  private let byteLimit: Int

  /// What the handler does with messages; set once, right after the handshake.
  var session: WebSocketUpgrade.Session?
  /// Watched runs, each pulled in turn.
  var sources: [any MessageSource] = []

  /// Messages that wait for the handler.
  private(set) var inbox: [IncomingMessage] = []
  private var inboxByteCount = 0
  /// The task that gives them to the handler, while there are any.
  var delivery: Task<Void, Never>?

  /// A goodbye of ours that follows what is queued.
  var goodbye: (code: WebSocketCloseCode?, reason: String)?
  /// The code of the peer's goodbye, or of its fault: nothing more is read, and what came before is
  /// still answered.
  var farewell: WebSocketCloseCode??
  /// Our close frame is in the outbox; nothing may follow it.
  var hasSaidGoodbye = false
  /// The handler has been told that it is over.
  var isOver = false

  init(
    machine: WebSocketMachine, pulse: PeerPulse, caller: Caller, span: TracedSpan?,
    queue: BoundedQueue<OutgoingMessage>, isDeflating: Bool,
    waitingLimit: Int, byteLimit: Int
  ) {
    self.machine = machine
    self.pulse = pulse
    self.caller = caller
    self.span = span
    self.queue = queue
    self.isDeflating = isDeflating
    self.waitingLimit = waitingLimit
    self.byteLimit = byteLimit
  }

  /// Whether messages are taken; not while they pile up.
  var wantsMessages: Bool {
    inbox.count < waitingLimit && inboxByteCount < byteLimit && farewell == nil
  }

  /// Whether the handler has nothing left to answer.
  var isAnswered: Bool { inbox.isEmpty && delivery == nil }

  func receive(_ message: IncomingMessage) {
    inbox.append(message)
    switch message {
    case .text(let text): inboxByteCount += text.utf8.count
    case .binary(let bytes): inboxByteCount += bytes.count
    }
  }

  func takeInbox() -> [IncomingMessage] {
    defer {
      inbox = []
      inboxByteCount = 0
    }
    return inbox
  }

  /// The conversation is over, however it came: sources and the handler are told, once.
  func end(_ code: WebSocketCloseCode?) {
    guard !isOver else { return }
    isOver = true
    queue.close()
    delivery?.cancel()
    for source in sources { source.leave() }
    sources = []
    session?.closed(code)
  }
}
