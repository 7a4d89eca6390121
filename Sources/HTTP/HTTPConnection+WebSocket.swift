import Sockets
import Traces
import Logging
import HTTPTypes
import Loops
import Wire

extension HTTPConnection {
  // MARK: Beginning

  /// Makes the connection a WebSocket, or says why not.
  func sendUpgrade(_ upgrade: WebSocketUpgrade) {
    guard let exchange = talk.exchange else { return }
    do throws(WebSocketHandshake.Fault) {
      let handshake = try WebSocketHandshake(exchange.head, subprotocols: upgrade.subprotocols)
      begin(upgrade, handshake, exchange)
    } catch {
      send(services.prepare(.error(.webSocket(error)), to: exchange.head, id: exchange.id))
    }
  }

  private func begin(
    _ upgrade: WebSocketUpgrade, _ handshake: WebSocketHandshake,
    _ exchange: HTTPConversation.Exchange
  ) {
    var fields = handshake.fields
    fields[further: .requestID] = exchange.id
    if let span = exchange.span { fields[further: .traceparent] = span.trace.traceparent }
    let leftover: [UInt8]
    do throws(ResponseMisuse) {
      let switched = try talk.switchProtocols(fields, date: services.date)
      write(switched.answer)
      leftover = switched.leftover
    } catch {
      return giveUp(error)
    }
    let limits = services.limits
    let windowBits = handshake.deflate?.serverWindowBits
    let conversation = WebSocketConversation(
      machine: WebSocketMachine(limits: limits.webSocket, deflate: handshake.deflate),
      pulse: PeerPulse(
        interval: limits.pingInterval, patience: limits.silenceDeadline, at: ContinuousClock.now),
      caller: exchange.caller, span: exchange.span,
      queue: BoundedQueue(limit: limits.connection.outbox),
      isDeflating: windowBits ?? 0 >= SharedDeflater.windowBits,
      waitingLimit: limits.waitingMessages, byteLimit: limits.webSocket.message)
    conversation.machine.receive(leftover)
    work = .webSocket(conversation)
    noteEnd(isWhole: true)
    clock.begin()
    flush()
    guard !isShut else { return }
    let peer = WebSocketPeer(
      subprotocol: handshake.subprotocol, windowBits: windowBits,
      queue: conversation.queue,
      hands: hands())
    conversation.session = upgrade.open(peer)
    processFrames(conversation)
  }

  private func hands() -> WebSocketPeer.Hands {
    let signal = wakeSignal()
    let loop = loop
    return WebSocketPeer.Hands(
      wake: { signal.raise() },
      close: { [weak self] code, reason in
        loop.execute { [weak self] in self?.assumeIsolated { $0.sayGoodbye(code, reason) } }
      },
      watch: { [weak self] source in
        loop.execute { [weak self] in
          guard let self else { return source.leave() }
          self.assumeIsolated { $0.watch(source) }
        }
      },
      unwatch: { [weak self] source in
        loop.execute { [weak self] in self?.assumeIsolated { $0.unwatch(source) } }
      })
  }

  private func wakeSignal() -> LoopSignal {
    LoopSignal(loop: loop) { [weak self] in self?.assumeIsolated { $0.woken() } }
  }

  private func watch(_ source: any MessageSource) {
    guard case .webSocket(let conversation) = work, conversation.farewell == nil else {
      return source.leave()
    }
    conversation.sources.append(source)
    let signal = wakeSignal()
    source.begin(isDeflating: conversation.isDeflating) { signal.raise() }
    woken()
  }

  private func unwatch(_ source: any MessageSource) {
    guard case .webSocket(let conversation) = work,
      let index = conversation.sources.firstIndex(where: { $0 === source })
    else { return }
    conversation.sources.remove(at: index)
    source.leave()
  }

  private func sayGoodbye(_ code: WebSocketCloseCode, _ reason: String) {
    guard case .webSocket(let conversation) = work, conversation.goodbye == nil else { return }
    conversation.goodbye = (code, reason)
    woken()
  }

  // MARK: Receiving

  /// Takes messages from the machine, then sends what waits.
  func processFrames(_ conversation: WebSocketConversation) {
    do throws(ProtocolViolation) {
      while !isShut, conversation.wantsMessages {
        guard take(try conversation.machine.next(), conversation) else { break }
      }
    } catch {
      services.logger.debug("websocket violation", metadata: ["rule": "\(error.rule.rawValue)"])
      bidFarewell(conversation, error.closeCode)
    }
    deliverInbox(conversation)
    pump(conversation)
  }

  /// Deals with one event; false if the machine has nothing more to say now.
  private func take(_ event: WebSocketEvent, _ conversation: WebSocketConversation) -> Bool {
    switch event {
    case .text(let text): conversation.receive(.text(text))
    case .binary(let bytes): conversation.receive(.binary(bytes))
    case .ping(let payload):
      // A flood of pings from a peer that does not read must not fill the memory: pongs may be lost.
      if !conversation.hasSaidGoodbye, connection.outbox.room > 0 {
        write(WebSocketFrame.pong(payload))
      }
    case .pong: break
    case .close(let code, _):
      bidFarewell(conversation, code)
      return false
    case .needMore: return false
    case .finished:
      bidFarewell(conversation, nil)
      return false
    }
    return true
  }

  /// Gives messages to the handler, in order, one at a time.
  private func deliverInbox(_ conversation: WebSocketConversation) {
    guard conversation.delivery == nil, !conversation.inbox.isEmpty, !conversation.isOver,
      let session = conversation.session
    else { return }
    let messages = conversation.takeInbox()
    let (caller, span) = (conversation.caller, conversation.span)
    let client = place.client(for: caller)
    let executor = services.work.executor()
    conversation.delivery = Task.detached(executorPreference: executor) { [weak self] in
      await caller.working(as: client, tracedBy: span) {
        for message in messages where !Task.isCancelled { await session.received(message) }
      }
      await self?.delivered()
    }
  }

  private func delivered() {
    guard case .webSocket(let conversation) = work else { return }
    conversation.delivery = nil
    // The room there is now may be for messages that wait in the machine.
    woken()
  }

  // MARK: Sending

  /// Sends queued messages first, then what the sources have, each in turn.
  func pump(_ conversation: WebSocketConversation) {
    guard !conversation.hasSaidGoodbye else { return flush() }
    var isExhausted = false
    while !isShut, !isExhausted, connection.outbox.byteCount < readAhead {
      let queued = conversation.queue.takeAll().elements
      for message in queued { write(message.envelope, message.payload) }
      isExhausted = queued.isEmpty && !pullSources(conversation)
      flush()
    }
    guard isExhausted, !isShut else { return }
    if case .some(let code) = conversation.farewell, conversation.isAnswered {
      endConversation(conversation, code)
    } else if let goodbye = conversation.goodbye {
      sayGoodbye(conversation, goodbye.code, goodbye.reason)
    }
  }

  private func sayGoodbye(
    _ conversation: WebSocketConversation, _ code: WebSocketCloseCode?, _ reason: String = ""
  ) {
    conversation.hasSaidGoodbye = true
    write(WebSocketFrame.close(code, reason: reason))
    clock.closingBegan = ContinuousClock.now
    flush()
  }

  /// One pull from each source; whether any gave something.
  private func pullSources(_ conversation: WebSocketConversation) -> Bool {
    var hasMore = false
    var ended: [any MessageSource] = []
    for source in conversation.sources
    where connection.outbox.byteCount < readAhead {
      switch source.pull(atMost: readAhead / conversation.sources.count) {
      case .frames(let frames):
        write(frames)
        hasMore = true
      case .later: break
      case .end: ended.append(source)
      }
    }
    for source in ended { unwatch(source) }
    return hasMore
  }

  func ping() {
    guard case .webSocket(let conversation) = work, !conversation.hasSaidGoodbye else { return }
    write(WebSocketFrame.ping())
    flush()
  }

  // MARK: Ending

  /// The peer has said goodbye, broken a rule, or stopped speaking without a word (no code): nothing
  /// more is taken, and when what came before is answered, the last frame is ours.
  private func bidFarewell(_ conversation: WebSocketConversation, _ code: WebSocketCloseCode?) {
    conversation.farewell = .some(code)
    clock.closingBegan = ContinuousClock.now
    // Nobody is to be watched for a peer that is leaving.
    for source in conversation.sources { source.leave() }
    conversation.sources = []
    if conversation.hasSaidGoodbye { endConversation(conversation, code) }
  }

  private func endConversation(_ conversation: WebSocketConversation, _ code: WebSocketCloseCode?) {
    if !conversation.hasSaidGoodbye { sayGoodbye(conversation, code) }
    conversation.end(code)
    beginClosing()
  }
}
