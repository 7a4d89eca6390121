import Foundation
import HTTPTypes
import Logging
import Loops
import Sockets
import TLS
import Traces
import Wire

/// What every connection shares, immutable: who answers, the bounds, the rules.
struct TransportServices: Sendable {
  var router: Router
  var base: BasePath
  var limits: TransportLimits
  var access: AccessRules
  var outboxes: OutboxLedger
  var bodies: BodyLedger
  /// What the server shows where it speaks TLS; nil where it does not.
  private let certificate: ServerCertificate?
  /// Where bodies are unpacked and answers packed.
  var work: WorkQueue
  var logger: Logger
  /// Who begins spans; nil where nothing is traced.
  let tracer: SpanTracer?
  private let guards: [any Guard]
  private let observers: [any Observer]

  init(
    router: Router, base: BasePath, limits: TransportLimits, access: AccessRules,
    outboxes: OutboxLedger,
    bodies: BodyLedger, certificate: ServerCertificate? = nil, work: WorkQueue,
    setting: ObserverSetting, tracer: SpanTracer? = nil
  ) {
    self.tracer = tracer
    self.router = router
    self.base = base
    self.limits = limits
    self.access = access
    self.outboxes = outboxes
    self.bodies = bodies
    self.certificate = certificate
    self.work = work
    logger = setting.logger
    guards = Guards.all.map { $0.init(access) }
    observers = Observers.all.map { $0.init(setting) }
  }

  /// Who answers a request; of `OPTIONS *` what can be answered at all.
  func match(_ head: RequestHead) -> Router.Match {
    head.target.isAsterisk
      ? .methodNotAllowed(allow: [.get, .head, .options, .post, .delete])
      : router.find(head.method, base.below(head.target.segments))
  }

  /// Why the first guard that refuses a request does; nil where none does.
  func refusal(of visit: inout Visit) -> ErrorReply? {
    for one in guards {
      if let refusal = one.refusal(of: &visit) { return refusal }
    }
    return nil
  }

  /// How TLS is spoken with a peer; nil where it is not: nobody listens between the ends of a Unix socket.
  func settings(for remote: SocketAddress) -> TLSSettings? {
    if case .unix = remote { nil } else { certificate?.current }
  }

  /// Tells every observer.
  func noteEnd(_ exchange: ExchangeRecord) {
    for one in observers { one.noteEnd(of: exchange) }
  }

  /// The time of an answer.
  var date: HTTPDate { HTTPDate(secondsSince1970: Int(Date().timeIntervalSince1970)) }

  /// A name for a request that is not guessed and hardly ever repeats.
  static func makeRequestID() -> String {
    "req_" + String(UInt64.random(in: .min ... .max), radix: 36)
  }
}

/// A reply as the connection sends it: sentences are JSON, files are bytes, codings are applied.
enum PreparedReply: Sendable {
  case full(HTTPResponse.Status, HTTPFields, [UInt8])
  case stream(HTTPResponse.Status, HTTPFields, StreamBody, Heartbeat?)
  case webSocket(WebSocketUpgrade)

  /// Tells the source of a stream that nobody will pull from it.
  func abandon() {
    if case .stream(_, _, .source(let source), _) = self { source.leave() }
  }
}

extension TransportServices {
  /// Decodes the body, runs the handler and prepares its reply; everything slow about a request.
  ///
  /// A request with a large body stays off Swift's own threads from beginning to end.
  ///
  /// - Parameter charge: what the body weighs; grows with it when it is unpacked.
  /// - Isolation: none; runs in the request's own task.
  func run(_ handler: Handler, _ request: Request, charge: BodyCharge) async -> PreparedReply {
    var request = request
    do throws(ErrorReply) {
      if request.fields[.contentEncoding] != nil {
        request.body = try await decoded(request, charge)
      }
    } catch {
      return prepare(.error(error), to: request.head, id: request.id)
    }
    let whole = request
    let reply = await withTaskExecutorPreference(work.executor(bytes: request.body.count)) {
      await handler(whole)
    }
    return await prepareInTurn(reply, to: request)
  }

  /// The body without its content coding.
  private func decoded(
    _ request: Request, _ charge: BodyCharge
  ) async throws(ErrorReply) -> [UInt8] {
    let (packed, fields, limit) = (request.body, request.fields, limits.inflatedBody)
    guard charge.grow(by: ContentCoding.mostBytes(from: packed.count, limit: limit)) else {
      throw .bodiesFull(limit: bodies.limit)
    }
    let result: Result<[UInt8], ErrorReply>
    do throws(WorkRefusal) {
      result = try await work.turn(bytes: packed.count * ContentCoding.usualGrowth) {
        Result { () throws(ErrorReply) in
          try ContentCoding.decode(packed, fields: fields, limit: limit)
        }
      }
    } catch {
      throw .refused(error)
    }
    let body = try result.get()
    charge.shrink(to: body.count)
    return body
  }

  /// Prepares a reply; a large one is packed when its turn comes, or left as it is where too much waits.
  private func prepareInTurn(_ reply: Reply, to request: Request) async -> PreparedReply {
    guard case .full(let status, let fields, let body) = reply,
      body.count >= WorkQueue.largeBytes, request.fields[.acceptEncoding] != nil
    else { return prepare(reply, to: request.head, id: request.id) }
    do throws(WorkRefusal) {
      return try await work.turn(bytes: body.count) {
        prepare(reply, to: request.head, id: request.id)
      }
    } catch {
      var fields = fields
      locate(&fields)
      return .full(status, fields, body)
    }
  }

  /// Handlers name places of the server; clients find them below its base path.
  private func locate(_ fields: inout HTTPFields) {
    guard let place = fields[.location], place.hasPrefix("/") else { return }
    fields[.location] = base.place(place)
  }

  /// Writes what can be written before the connection's turn comes.
  func prepare(_ reply: Reply, to head: RequestHead, id: String) -> PreparedReply {
    switch reply {
    case .full(let status, var fields, let body):
      locate(&fields)
      let coded = ContentCoding.encode(
        body, fields: &fields, accepting: head.fields[.acceptEncoding])
      return .full(status, fields, coded)
    case .stream(let status, let fields, let body, let heartbeat):
      return .stream(status, fields, body, heartbeat)
    case .file(let file):
      let (status, fields, body) = file.answer(to: head)
      return .full(status, fields, body)
    case .webSocket(let upgrade):
      return .webSocket(upgrade)
    case .error(let error):
      var fields = error.fields
      fields[.contentType] = "application/json"
      return .full(
        error.status, fields, error.json(requestID: id, as: ErrorReply.Form(head.fields)))
    }
  }
}
