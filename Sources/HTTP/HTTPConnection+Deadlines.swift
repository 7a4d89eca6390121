import Sockets
import Logging
import Loops
import Wire

extension HTTPConnection {
  /// Sets the timer to the nearest deadline.
  ///
  /// A deadline that moves back leaves the timer as it is: when it fires, it finds nothing due and is
  /// set again, which is cheaper than moving it with every byte.
  func armTimer() {
    guard !isShut, let deadline = nearestDeadline else { return }
    if let armed = clock.armed {
      guard deadline < armed.at else { return }
      loop.cancel(armed.ticket)
    }
    let ticket = loop.schedule(after: deadline - ContinuousClock.now) { [weak self] in
      self?.assumeIsolated { $0.timerFired() }
    }
    clock.armed = (deadline, ticket)
  }

  private func timerFired() {
    clock.armed = nil
    guard !isShut else { return }
    let now = ContinuousClock.now
    if let deadline = writeDeadline, deadline <= now {
      services.logger.debug("closed: the peer takes nothing")
      return shut(abortively: true)
    }
    if let deadline = workDeadline, deadline <= now { act() }
    armTimer()
  }

  private var nearestDeadline: ContinuousClock.Instant? {
    switch (writeDeadline, workDeadline) {
    case (let write?, let work?): min(write, work)
    case (let write, let work): write ?? work
    }
  }

  /// When a peer that takes nothing of what waits for it is given up.
  private var writeDeadline: ContinuousClock.Instant? {
    connection.outbox.isEmpty ? nil : clock.lastWrote + services.limits.writeDeadline
  }

  /// When something has to be done for what the connection is busy with.
  private var workDeadline: ContinuousClock.Instant? {
    switch work {
    case .none: return requestDeadline
    case .handling: return nil
    case .streaming(let stream):
      return stream.heartbeat.map {
        clock.lastBeat + max($0.interval, services.limits.heartbeatFloor)
      }
    case .webSocket(let conversation):
      if conversation.hasSaidGoodbye || conversation.farewell != nil { return drainDeadline }
      return conversation.pulse.deadline
    case .closing: return drainDeadline
    }
  }

  /// When a peer that has got the last byte must have closed; nil while bytes wait for it.
  private var drainDeadline: ContinuousClock.Instant? {
    guard connection.outbox.isEmpty else { return nil }
    return max(clock.closingBegan, clock.lastWrote) + services.limits.drainDeadline
  }

  /// When a request has to be there.
  private var requestDeadline: ContinuousClock.Instant {
    let limits = services.limits
    switch clock.phase {
    case .idle where talk.requestCount > 0: return clock.phaseBegan + limits.idleDeadline
    case .body:
      // Every so many bytes earn another second, so a slow but honest upload is never cut.
      let earned = Duration.seconds(talk.collectedByteCount / max(1, limits.bodyRate))
      return clock.phaseBegan + limits.bodyDeadline + earned
    default: return clock.phaseBegan + limits.headDeadline
    }
  }

  private func act() {
    switch work {
    case .none:
      if clock.phase == .idle { return shut(abortively: false) }
      refuse(.timeout)
    case .streaming(let stream):
      // When something waits for the peer already, that is beat enough.
      clock.lastBeat = ContinuousClock.now
      beat(stream)
    case .webSocket(let conversation):
      if conversation.hasSaidGoodbye || conversation.farewell != nil {
        return shut(abortively: false)
      }
      let canAnswer = connection.outbox.isEmpty && conversation.wantsMessages
      switch conversation.pulse.act(at: ContinuousClock.now, canAnswer: canAnswer) {
      case .nothing: break
      case .ping: ping()
      case .giveUp:
        services.logger.debug("closed: the peer answers no ping")
        shut(abortively: false)
      }
    case .closing: shut(abortively: false)
    case .handling: break
    }
  }
}
