import Sockets
import HTTPTypes
import Loops
import Wire

extension HTTPConnection {
  /// Takes requests until one has to be waited for.
  func processRequests() {
    while case .none = work, !isShut, connection.outbox.room > 0 {
      do throws(ProtocolViolation) {
        guard take(try talk.next()) else { break }
      } catch {
        refuse(error)
        break
      }
    }
    flush()
    clock.enter(talk.phase)
  }

  /// Goes one step; false if there is nothing more to do now.
  private func take(_ step: HTTPConversation.Step) -> Bool {
    switch step {
    case .head(let head): admit(head)
    case .request(let request): dispatch(request)
    case .noRoom: refuse(.bodiesFull(limit: services.bodies.limit))
    case .wait: return false
    case .finished:
      beginClosing()
      return false
    }
    return true
  }

  /// Asks the guards, then for the body of a request that waits to be asked, unless nobody would read it.
  private func admit(_ head: RequestHead) {
    guard !link.isMisled else { return refuse(.tlsRequired) }
    let match = services.match(head)
    var visit = Visit(
      head, route: match.route, remote: connection.remote, local: connection.local,
      isSecure: link.isSecure)
    if let refusal = services.refusal(of: &visit) {
      beginExchange(head, match, of: visit.caller)
      return answer(.error(refusal))
    }
    do throws(LimitReached) { try talk.sit(visit.caller) } catch {
      beginExchange(head, match, of: visit.caller)
      return answer(.error(.limitReached(error)))
    }
    if head.expectsContinue {
      guard match.route != nil else {
        return dispatch(
          RequestCollector.Whole(head: head, match: match, caller: visit.caller, body: []))
      }
      if let interim = talk.askForBody() { write(interim) }
    }
    let charge = BodyCharge(services.bodies, of: place.client(for: visit.caller))
    talk.collect(head, match, of: visit.caller, charge)
  }

  private func beginExchange(_ head: RequestHead, _ match: Router.Match, of caller: Caller) {
    let route = match.route?.pattern
    talk.beginExchange(
      head, route: route, of: caller,
      services.span(
        of: head, route: route, from: connection.remote, to: connection.local,
        isSecure: link.isSecure))
  }

  // MARK: Routing

  private func dispatch(_ whole: RequestCollector.Whole) {
    let head = whole.head
    beginExchange(head, whole.match, of: whole.caller)
    switch whole.match {
    case .found(let route, let parameters):
      handle(whole, parameters, with: route.handler)
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
    let crossOrigin = services.access.crossOrigin
    for field in crossOrigin.preflight(head, allow: allow, isSecure: link.isSecure) ?? [:] {
      fields[field.name] = field.value
    }
    answer(.full(status: .noContent, fields: fields))
  }

  private func handle(
    _ whole: RequestCollector.Whole, _ parameters: PathParameters,
    with handler: @escaping Handler
  ) {
    guard let exchange = talk.exchange else { return }
    let request = Request(
      id: exchange.id, head: whole.head, parameters: parameters, body: whole.body,
      remote: connection.remote, pattern: exchange.route ?? "", isSecure: link.isSecure)
    let services = services
    let client = place.client(for: exchange.caller)
    let charge = whole.charge ?? BodyCharge(services.bodies, of: client)
    work = .handling(
      Task.detached(executorPreference: services.work.executor()) { [weak self] in
        let prepared = await exchange.caller.working(as: client, tracedBy: exchange.span) {
          await services.run(handler, request, charge: charge)
        }
        if let self {
          await self.deliver(prepared, to: exchange.number)
        } else {
          prepared.abandon()
        }
      })
  }

  private func answer(_ reply: Reply) {
    guard let exchange = talk.exchange else { return }
    send(services.prepare(reply, to: exchange.head, id: exchange.id))
  }

  /// Answers a breach of the protocol and closes.
  private func refuse(_ violation: ProtocolViolation) {
    talk.dropRequest()
    refuse(ErrorReply.violation(violation))
  }

  /// Answers outside any exchange and closes.
  func refuse(_ error: ErrorReply) {
    let id = TransportServices.makeRequestID()
    var fields = error.fields
    fields[.contentType] = "application/json"
    fields[further: .requestID] = id
    let text = error.json(requestID: id)
    services.noteEnd(
      ExchangeRecord(
        id: id, status: error.status.code, code: error.code, bodyBytes: text.count,
        isWhole: true, took: .zero, remote: connection.remote))
    do throws(ResponseMisuse) {
      write(
        try talk.respond(
          HTTPResponse(status: error.status, headerFields: fields), .length(text.count),
          date: services.date))
      try writeChunk([text])
    } catch {
      // The machine takes no answer any more: closing is all that is left to say.
    }
    beginClosing()
  }
}
