import Logging
import Loops
import Sockets
import Wire

extension HTTPConnection {
  // MARK: Ours

  /// Closes once everything written is out, and gives the peer a moment to read it.
  func beginClosing() {
    guard !isShut else { return }
    if case .closing = work { return }
    work = .closing
    clock.closingBegan = ContinuousClock.now
    connection.append(link.farewell())
    flush()
    armTimer()
  }

  /// Says the last word when everything is out, and waits a moment for the peer to close.
  ///
  /// Closing at once could destroy the answer on its way, if the peer is still sending: its bytes
  /// would be answered by a reset. So they are thrown away for a while (RFC 9112, section 9.6).
  func finishWriting() {
    guard link.finishWriting() else { return }
    if link.hasPeerFinished { shut(abortively: false) }
  }

  /// No request after the current one; what is idle closes now.
  func drain() {
    talk.end()
    switch work {
    case .none where clock.phase == .idle: shut(abortively: false)
    case .webSocket(let conversation) where conversation.sources.isEmpty: goAway()
    default: break
    }
  }

  /// Says that the server goes down, in the way of the protocol in use, and closes.
  func goAway() {
    switch work {
    case .webSocket(let conversation):
      if conversation.goodbye == nil { conversation.goodbye = (.goingAway, "server stops") }
      woken()
    case .closing: break
    default: shut(abortively: false)
    }
  }

  /// Too much waits for all peers, and this one has taken nothing for longest.
  func giveWay() {
    services.logger.notice("closed: too much waits for all peers, longest for this one")
    shut(abortively: true)
  }

  /// Closes now: whoever works for this connection is told.
  func shut(abortively: Bool) {
    guard link.shut() else { return }
    if !abortively, link.isSecure {
      connection.append(link.farewell())
      _ = connection.flush()
    }
    switch work {
    case .handling(let task): task.cancel()
    case .streaming(let stream): stream.leave()
    case .webSocket(let conversation): conversation.end(nil)
    case .none, .closing: break
    }
    work = .closing
    talk.dropRequest()
    if let armed = clock.armed { loop.cancel(armed.ticket) }
    connection.close(abortively: abortively)
    services.outboxes.remove(place.id)
    noteEnd(isWhole: false)
    talk.leave()
    place.onClosed(place.id)
  }

  // MARK: The peer's

  /// The peer has said its last byte.
  ///
  /// It may have gone, or only have nothing more to say and still wait for its answer: TCP does not
  /// tell the two apart until something is sent.
  func peerFinished() {
    link.notePeerFinished()
    connection.setReading(false)
    switch work {
    case .none:
      talk.receiveEnd()
      process()
    case .handling, .streaming:
      talk.receiveEnd()
      probe(after: .milliseconds(2), attempt: 0)
    case .webSocket(let conversation):
      conversation.machine.receiveEnd()
      processFrames(conversation)
    case .closing:
      if link.hasFinishedWriting { shut(abortively: false) }
    }
  }

  /// Finds out whether a peer that has finished speaking still listens.
  ///
  /// Something harmless is sent: a comment into a stream, an interim answer before the final one
  /// (every client must accept those, RFC 9110, section 15.2). If the peer has gone, its system
  /// answers with a reset, which is then seen here; a peer that only half-closed reads on.
  private func probe(after delay: Duration, attempt: Int) {
    loop.execute(after: delay) { [weak self] in
      self?.assumeIsolated { $0.probeNow(delay, attempt) }
    }
  }

  private func probeNow(_ delay: Duration, _ attempt: Int) {
    guard !isShut else { return }
    switch work {
    case .handling, .streaming: break
    default: return
    }
    if connection.isPeerGone { return shut(abortively: true) }
    if attempt == 0 { sendProbe() }
    if attempt > 5, case .handling = work, talk.exchange?.head.minorVersion == 0 {
      // HTTP/1.0 knows no interim answers; a quarter of a second was grace enough.
      return shut(abortively: true)
    }
    probe(after: min(delay * 2, .milliseconds(250)), attempt: attempt + 1)
  }

  private func sendProbe() {
    switch work {
    case .streaming(let stream): beat(stream)
    case .handling where talk.exchange?.head.minorVersion ?? 0 > 0:
      write(Array("HTTP/1.1 102 Processing\r\n\r\n".utf8))
      flush()
    default: break
    }
  }
}
