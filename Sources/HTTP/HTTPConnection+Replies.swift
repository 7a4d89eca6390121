import Sockets
import Logging
import HTTPTypes
import Wire

extension HTTPConnection {
  /// Sends what a handler answered, if the peer is still there to get it.
  func deliver(_ reply: PreparedReply, to number: Int) {
    guard !isShut, case .handling = work, exchange?.number == number else {
      reply.abandon()
      return
    }
    work = .none
    send(reply)
    process()
    armTimer()
  }

  /// Sends a reply to the current exchange.
  func send(_ reply: PreparedReply) {
    switch reply {
    case .full(let status, let fields, let body): sendFull(status, fields, body)
    case .stream(let status, let fields, let body, let heartbeat):
      sendStream(status, fields, body, heartbeat)
    case .webSocket(let upgrade): sendUpgrade(upgrade)
    }
  }

  private func sendFull(_ status: HTTPResponse.Status, _ fields: HTTPFields, _ body: [UInt8]) {
    do throws(ResponseMisuse) {
      let framing: ResponseBody = body.isEmpty ? .none : .length(body.count)
      write(try beginResponse(status, fields, framing))
      if !body.isEmpty, let envelope = try machine.envelope(for: body.count) {
        write(envelope.prefix, body, envelope.suffix)
      }
      try finishResponse()
    } catch {
      giveUp(error)
    }
  }

  private func sendStream(
    _ status: HTTPResponse.Status, _ fields: HTTPFields, _ body: StreamBody,
    _ heartbeat: Heartbeat?
  ) {
    let stream = OutgoingStream(body, heartbeat: heartbeat)
    do throws(ResponseMisuse) {
      write(try beginResponse(status, fields, .stream))
      guard exchange?.head.method != .head else {
        stream.leave()
        return try finishResponse()
      }
      if let heartbeat, heartbeat.opens { try writeChunk([heartbeat.bytes]) }
      // The head leaves at once: a client's `onopen` must not wait for the first event.
      flush()
      guard !isShut else { return stream.leave() }
      work = .streaming(stream)
      begin(stream)
    } catch {
      stream.leave()
      giveUp(error)
    }
  }

  private func beginResponse(
    _ status: HTTPResponse.Status, _ fields: HTTPFields, _ framing: ResponseBody
  ) throws(ResponseMisuse) -> [UInt8] {
    var fields = fields
    if let exchange {
      fields[further: .requestID] = exchange.id
      for field in services.crossOrigin.fields(for: exchange.head) {
        if field.name == .vary {
          fields.addVary(field.value)
        } else {
          fields[field.name] = field.value
        }
      }
    }
    exchange?.status = status.code
    return try machine.respond(
      with: HTTPResponse(status: status, headerFields: fields), body: framing,
      date: services.date)
  }

  /// Writes body bytes that belong together, framed as the head has promised.
  func writeChunk(_ pieces: [[UInt8]]) throws(ResponseMisuse) {
    let count = pieces.reduce(0) { $0 + $1.count }
    guard count > 0, let envelope = try machine.envelope(for: count) else { return }
    write([envelope.prefix] + pieces + [envelope.suffix])
  }

  /// Ends the answer and goes on to the next request, or closes.
  func finishResponse() throws(ResponseMisuse) {
    write(try machine.finishResponse())
    noteFinished()
    work = .none
    exchange = nil
    clock.restart(.idle)
    if machine.mustClose || isDraining { beginClosing() }
  }

  /// Our own mistake in answering: the peer must not take what it got for whole.
  func giveUp(_ misuse: ResponseMisuse) {
    services.logger.error("answer given up", metadata: ["misuse": "\(misuse)"])
    shut(abortively: true)
  }

  private func noteFinished() {
    guard let exchange else { return }
    let took = ContinuousClock.now - exchange.began
    services.logger.debug(
      "answered",
      metadata: [
        "request_id": "\(exchange.id)", "method": "\(exchange.head.method.rawValue)",
        "path": "\(exchange.head.target.path)", "status": "\(exchange.status)",
        "milliseconds": "\(took / .milliseconds(1))",
      ])
  }
}
