import Loops
import Sockets
import Traces
import Logging
import HTTPTypes
import Wire

extension HTTPConnection {
  /// Sends what a handler answered, if the peer is still there to get it.
  func deliver(_ reply: PreparedReply, to number: Int) {
    guard !isShut, case .handling = work, talk.exchange?.number == number else {
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
      try writeChunk([body])
      try finishResponse()
    } catch {
      giveUp(error)
    }
  }

  private func sendStream(
    _ status: HTTPResponse.Status, _ fields: HTTPFields, _ body: StreamBody,
    _ heartbeat: Heartbeat?
  ) {
    let caller = talk.exchange?.caller ?? .nobody
    let stream = OutgoingStream(
      body, heartbeat: heartbeat, caller: caller, client: place.client(for: caller),
      span: talk.exchange?.span, executor: services.work.executor())
    do throws(ResponseMisuse) {
      write(try beginResponse(status, fields, .stream))
      guard talk.exchange?.head.method != .head else {
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
    if let exchange = talk.exchange {
      fields[further: .requestID] = exchange.id
      if let span = exchange.span { fields[further: .traceparent] = span.trace.traceparent }
      // Who calls this server by a name that is not its own is of no origin that may read anything.
      let isOwn = status != .misdirectedRequest
      let crossOrigin = services.access.crossOrigin
      for field in isOwn ? crossOrigin.fields(for: exchange.head, isSecure: link.isSecure) : [:] {
        if field.name == .vary {
          fields.addVary(field.value)
        } else {
          fields[field.name] = field.value
        }
      }
    }
    return try talk.respond(
      HTTPResponse(status: status, headerFields: fields), framing, date: services.date)
  }

  /// Writes body bytes that belong together, framed as the head has promised.
  func writeChunk(_ pieces: [[UInt8]]) throws(ResponseMisuse) {
    if let framed = try talk.framed(pieces) { write(framed) }
  }

  /// Ends the answer and goes on to the next request, or closes.
  func finishResponse() throws(ResponseMisuse) {
    write(try talk.finishResponse())
    noteEnd(isWhole: true)
    work = .none
    clock.restart(.idle)
    if talk.mustClose { beginClosing() }
  }

  /// Our own mistake in answering: the peer must not take what it got for whole.
  func giveUp(_ misuse: ResponseMisuse) {
    services.logger.error("answer given up", metadata: ["misuse": "\(misuse)"])
    shut(abortively: true)
  }

  /// Tells the observers that the current exchange is over, if there is one.
  func noteEnd(isWhole: Bool) {
    guard let exchange = talk.endExchange() else { return }
    services.noteEnd(
      ExchangeRecord(
        id: exchange.id, method: exchange.head.method.rawValue, path: exchange.head.target.path,
        route: exchange.route, status: exchange.status, bodyBytes: exchange.bodyBytes,
        isWhole: isWhole, took: ContinuousClock.now - exchange.began,
        caller: exchange.caller.name, remote: connection.remote, span: exchange.span))
  }
}
