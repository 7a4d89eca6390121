import HTTPTypes
import Loops
import Sockets
import Wire

/// One connection: where the machines of `Wire` meet the sockets.
///
/// Reads bytes into the machine, collects requests, has handlers answer them, writes their answers.
/// It is an actor on a loop that it shares with many others, so nothing in it waits or takes long.
/// Aspects: requests, replies, streams, WebSockets, deadlines, leaving.
actor HTTPConnection {
  /// A request that is being answered.
  struct Exchange: Sendable {
    var number: Int
    var id: String
    var head: RequestHead
    var began: ContinuousClock.Instant
    var status = 0
  }

  /// What the connection is busy with.
  enum Work {
    /// Waiting for a request, or collecting one.
    case none
    /// A handler works; the task is cancelled if the peer goes.
    case handling(Task<Void, Never>)
    /// An answer grows.
    case streaming(OutgoingStream)
    /// The connection speaks WebSocket.
    case webSocket(WebSocketConversation)
    /// The last byte is being written or has been; what the peer still sends is thrown away.
    case closing
  }

  nonisolated let id: Int
  let loop: Loop
  let services: TransportServices
  let connection: Connection
  let onClosed: @Sendable (Int) -> Void
  /// Who is at the other end, for shares.
  let client: ClientKey

  var machine: HTTPServerMachine
  var work = Work.none
  var exchange: Exchange?
  var requestCount = 0
  /// The head and body of the request that is arriving.
  var arriving: RequestHead?
  var body: [UInt8] = []

  var clock = ConnectionClock()
  var isProcessing = false
  var isShut = false
  /// The server is going down: no request after the current one.
  var isDraining = false
  /// The peer has said its last byte; it may still be listening.
  var hasPeerFinished = false
  /// Bytes wait for the peer, and the ledger knows.
  var isEntered = false
  /// Bytes have been written, or are waiting, that say the last word.
  var hasFinishedWriting = false

  nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

  init(
    _ socket: consuming AcceptedSocket, id: Int, loop: Loop, services: TransportServices,
    onClosed: @escaping @Sendable (Int) -> Void
  ) {
    self.id = id
    self.loop = loop
    self.services = services
    self.onClosed = onClosed
    machine = HTTPServerMachine(limits: services.limits.http)
    connection = Connection(socket, loop: loop, limits: services.limits.connection)
    client = ClientKey(peer: connection.remote)
  }

  /// Begins to read.
  func open() {
    connection.open(
      readable: { [weak self] in self?.assumeIsolated { $0.readable() } },
      writable: { [weak self] in self?.assumeIsolated { $0.writable() } })
    clock.begin()
    connection.setReading(true)
    armTimer()
  }

  // MARK: Readiness

  private func readable() {
    let outcome =
      switch work {
      case .webSocket(let conversation):
        connection.read { conversation.machine.receive($0) }
      case .closing:
        connection.read { _ in }
      default:
        connection.read { machine.receive($0) }
      }
    switch outcome {
    case .bytes:
      clock.heard()
      process()
    case .nothing: break
    case .end: peerFinished()
    case .failed: shut(abortively: true)
    }
    armTimer()
  }

  private func writable() {
    flush()
    process()
    armTimer()
  }

  /// Goes on with whatever the connection is busy with.
  func process() {
    guard !isShut else { return }
    switch work {
    case .webSocket(let conversation): processFrames(conversation)
    case .streaming(let stream): pump(stream)
    case .none: processRequests()
    case .handling, .closing: break
    }
    updateReading()
  }

  /// Reads on, unless too much waits already; a peer that leaves is then noticed when it matters.
  private func updateReading() {
    guard !isShut, !hasPeerFinished else { return }
    switch work {
    case .webSocket(let conversation): connection.setReading(conversation.wantsMessages)
    case .closing: connection.setReading(true)
    default: connection.setReading(machine.wantsBytes)
    }
  }

  // MARK: Writing

  /// How much a stream may make wait for this peer; less when much waits for all peers together.
  var readAhead: Int {
    services.outboxes.isTight ? services.limits.readAhead / 8 : services.limits.readAhead
  }

  /// Puts pieces into the outbox, for the next flush.
  ///
  /// Never refused: an answer that lacks a piece is a broken one. What keeps the outbox small is that
  /// nothing new is begun while it has no room.
  func write(_ parcel: [UInt8]...) { write(parcel) }

  /// Puts pieces into the outbox, for the next flush.
  func write(_ parcel: [[UInt8]]) {
    if connection.outbox.isEmpty { clock.wrote() }
    connection.append(parcel)
  }

  /// Sends what the peer takes; finishes closing when all is out.
  func flush() {
    guard !isShut else { return }
    let before = connection.writtenByteCount
    let outcome = connection.flush()
    if connection.writtenByteCount != before { clock.wrote() }
    switch outcome {
    case .drained:
      noteWaiting(false)
      if case .closing = work { finishWriting() }
    case .pending: noteWaiting(true)
    case .failed: shut(abortively: true)
    }
  }

  /// Tells the ledger what waits for the peer; nothing while the peer keeps up.
  private func noteWaiting(_ isWaiting: Bool) {
    if isWaiting {
      let isReviewWanted = services.outboxes.enter(
        id, byteCount: connection.outbox.byteCount, tookLast: clock.lastWrote, now: .now
      ) { [weak self, loop] in
        loop.execute { [weak self] in self?.assumeIsolated { $0.giveWay() } }
      }
      if isReviewWanted { Self.review(services.outboxes, on: loop) }
    } else if isEntered {
      services.outboxes.remove(id)
    }
    isEntered = isWaiting
  }

  /// Has the ledger look again, as long as too much waits; not the business of one connection, which may have gone by then.
  private static func review(_ outboxes: OutboxLedger, on loop: Loop) {
    loop.schedule(after: OutboxLedger.patience) { [weak outboxes, weak loop] in
      guard let outboxes, let loop, outboxes.review(at: .now) else { return }
      review(outboxes, on: loop)
    }
  }
}
