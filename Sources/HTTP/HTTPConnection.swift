import HTTPTypes
import Loops
import Sockets
import Wire

/// One connection: where the machines of `Wire` meet the sockets.
///
/// Reads bytes into the machine, collects requests, has handlers answer them, writes their answers.
/// It is an actor on a loop that it shares with many others, so nothing in it waits or takes long.
/// Aspects: requests, replies, streams, WebSockets, TLS, deadlines, leaving.
actor HTTPConnection {
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

  nonisolated let place: ConnectionPlace
  var link: PeerLink
  var talk: HTTPConversation
  var work = Work.none
  var clock = ConnectionClock()
  /// Requests are being taken; see `processRequests`.
  private var isProcessing = false

  nonisolated var loop: Loop { place.loop }
  nonisolated var services: TransportServices { place.services }
  nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }
  var connection: Connection { link.connection }
  var isShut: Bool { link.isShut }

  init(
    _ socket: consuming AcceptedSocket, id: Int, loop: Loop, services: TransportServices,
    onClosed: @escaping @Sendable (Int) -> Void
  ) {
    let connection = Connection(socket, loop: loop, limits: services.limits.connection)
    place = ConnectionPlace(
      id: id, loop: loop, services: services, peer: ClientKey(peer: connection.remote),
      onClosed: onClosed)
    link = PeerLink(connection, services.settings(for: connection.remote))
    talk = HTTPConversation(limits: services.limits.http)
  }

  /// Begins to read.
  func open() {
    connection.open(
      readable: { [weak self] in self?.assumeIsolated { $0.readable() } },
      writable: { [weak self] in self?.assumeIsolated { $0.writable() } })
    clock.begin()
    connection.setReading(true)
    armTimer()
    if link.isBroken { shut(abortively: true) }
  }

  // MARK: Readiness

  private func readable() {
    let outcome =
      switch work {
      case .closing:
        connection.read { _ in }
      case _ where link.isSecure:
        connection.read { link.receive($0) }
      case .webSocket(let conversation):
        connection.read { conversation.machine.receive($0) }
      default:
        connection.read { talk.receive($0) }
      }
    switch outcome {
    case .bytes:
      if link.isSecure { unseal() }
      if case .webSocket(let conversation) = work {
        conversation.pulse.heard(at: ContinuousClock.now)
      }
      process()
      if link.hasPeerClosed, !link.hasPeerFinished { peerFinished() }
    case .nothing: break
    case .end: wireEnded()
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
    case .none:
      // Answers that are at hand at once are written inside this loop; going round in it, instead of
      // calling it again from each, is what keeps a long pipeline from being a deep recursion.
      guard !isProcessing else { return }
      isProcessing = true
      processRequests()
      isProcessing = false
    case .handling, .closing: break
    }
    updateReading()
  }

  /// Reads on, unless too much waits already; a peer that leaves is then noticed when it matters.
  private func updateReading() {
    guard !isShut, !link.hasPeerFinished else { return }
    // TLS answers some of what a peer sends without anybody's doing; one that does not read that is not read.
    let mayAsk = !link.isSecure || connection.outbox.room > 0
    switch work {
    case .webSocket(let conversation):
      connection.setReading(conversation.wantsMessages && mayAsk)
    case .closing: connection.setReading(true)
    default: connection.setReading(talk.wantsBytes && mayAsk)
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
    connection.append(link.sealed(parcel))
  }

  /// Sends what the peer takes; finishes closing when all is out.
  func flush() {
    guard !isShut else { return }
    guard !link.isBroken else { return shut(abortively: true) }
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
        place.id, byteCount: connection.outbox.byteCount, tookLast: clock.lastWrote, now: .now
      ) { [weak self, loop] in
        loop.execute { [weak self] in self?.assumeIsolated { $0.giveWay() } }
      }
      if isReviewWanted { Self.review(services.outboxes, on: loop) }
    }
    if link.enter(isWaiting), !isWaiting { services.outboxes.remove(place.id) }
  }

  /// Has the ledger look again, as long as too much waits; not the business of one connection, which may have gone by then.
  private static func review(_ outboxes: OutboxLedger, on loop: Loop) {
    loop.schedule(after: OutboxLedger.patience) { [weak outboxes, weak loop] in
      guard let outboxes, let loop, outboxes.review(at: .now) else { return }
      review(outboxes, on: loop)
    }
  }
}
