import Sockets
import Logging
import HTTPTypes
import Loops
import Wire

extension HTTPConnection {
  /// Takes requests from the machine until one has to be waited for.
  func processRequests() {
    // Answers that are at hand at once are written inside this loop; going round in it, instead of
    // calling it again from each, is what keeps a long pipeline from being a deep recursion.
    guard !isProcessing else { return }
    isProcessing = true
    defer { isProcessing = false }
    while case .none = work, !isShut, connection.outbox.room > 0 {
      do throws(ProtocolViolation) {
        guard take(try machine.next()) else { break }
      } catch {
        refuse(error)
        break
      }
    }
    flush()
    clock.enter(machine.phase)
  }

  /// Deals with one event; false if the machine has nothing more to say now.
  private func take(_ event: HTTPEvent) -> Bool {
    switch event {
    case .head(let head):
      arriving = head
      body = []
      if head.expectsContinue { answerExpectation(head) }
    case .body(let bytes):
      body += bytes
    case .end:
      guard let head = arriving else { return false }
      arriving = nil
      let collected = body
      body = []
      dispatch(head, collected)
    case .needMore, .paused:
      return false
    case .finished:
      beginClosing()
      return false
    }
    return true
  }

  /// Asks for the body of a request that waits to be asked, unless nobody would read it.
  private func answerExpectation(_ head: RequestHead) {
    if case .found = services.router.match(head.method, head.target.segments) {
      if let interim = machine.continueRequest() { write(interim) }
      return
    }
    arriving = nil
    dispatch(head, [])
  }

  // MARK: Routing

  private func dispatch(_ head: RequestHead, _ body: [UInt8]) {
    requestCount += 1
    let id = TransportServices.makeRequestID()
    exchange = Exchange(number: requestCount, id: id, head: head, began: ContinuousClock.now)
    if services.crossOrigin.refuses(head, isUpgrade: !head.upgrades.isEmpty) {
      return answer(.error(.foreignOrigin(head.fields[.origin] ?? "")))
    }
    let match =
      head.target.isAsterisk
      ? Router.Match.methodNotAllowed(allow: [.get, .head, .options, .post, .delete])
      : services.router.match(head.method, head.target.segments)
    switch match {
    case .found(let route, let parameters):
      let request = Request(
        id: id, head: head, parameters: parameters, body: body, remote: connection.remote)
      handle(request, with: route.handler)
    case .methodNotAllowed(let allow) where head.method == .options:
      answerOptions(head, allow)
    case .methodNotAllowed(let allow):
      answer(.error(.methodNotAllowed(allow)))
    case .notFound:
      answer(.error(.notFound(path: head.target.path)))
    }
  }

  private func answerOptions(_ head: RequestHead, _ allow: [HTTPRequest.Method]) {
    var fields: HTTPFields = [.allow: allow.map(\.rawValue).joined(separator: ", ")]
    for field in services.crossOrigin.preflight(head, allow: allow) ?? [:] {
      fields[field.name] = field.value
    }
    answer(.full(status: .noContent, fields: fields))
  }

  private func handle(_ request: Request, with handler: @escaping Handler) {
    guard let exchange else { return }
    let services = services
    let client = client
    work = .handling(
      Task.detached { [weak self] in
        let prepared = await ClientKey.$current.withValue(client) {
          await services.run(handler, request)
        }
        if let self {
          await self.deliver(prepared, to: exchange.number)
        } else {
          prepared.abandon()
        }
      })
  }

  private func answer(_ reply: Reply) {
    guard let exchange else { return }
    send(services.prepare(reply, to: exchange.head, id: exchange.id))
  }

  /// Answers a breach of the protocol and closes.
  private func refuse(_ violation: ProtocolViolation) {
    arriving = nil
    body = []
    refuse(ErrorReply.violation(violation))
  }

  /// Answers outside any exchange and closes.
  func refuse(_ error: ErrorReply) {
    let id = TransportServices.makeRequestID()
    var fields = error.fields
    fields[.contentType] = "application/json"
    fields[further: .requestID] = id
    let text = error.json(requestID: id)
    services.logger.debug(
      "refused", metadata: ["status": "\(error.status.code)", "code": "\(error.code)"])
    do throws(ResponseMisuse) {
      write(
        try machine.respond(
          with: HTTPResponse(status: error.status, headerFields: fields),
          body: .length(text.count), date: services.date))
      if let envelope = try machine.envelope(for: text.count) {
        write(envelope.prefix, text, envelope.suffix)
      }
    } catch {
      // The machine takes no answer any more: closing is all that is left to say.
    }
    beginClosing()
  }
}
