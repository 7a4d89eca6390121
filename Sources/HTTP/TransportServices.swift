import Foundation
import HTTPTypes
import Logging
import Sockets
import Wire

/// What every connection shares, immutable: who answers, the bounds, the rules.
struct TransportServices: Sendable {
  var router: Router
  var limits: TransportLimits
  var crossOrigin: CrossOrigin
  var outboxes: OutboxLedger
  var logger: Logger

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
  /// - Isolation: none; runs in the request's own task.
  func run(_ handler: Handler, _ request: Request) async -> PreparedReply {
    var request = request
    do throws(ErrorReply) {
      request.body = try ContentCoding.decode(
        request.body, fields: request.fields, limit: limits.inflatedBody)
    } catch {
      return prepare(.error(error), to: request.head, id: request.id)
    }
    return prepare(await handler(request), to: request.head, id: request.id)
  }

  /// Writes what can be written before the connection's turn comes.
  func prepare(_ reply: Reply, to head: RequestHead, id: String) -> PreparedReply {
    switch reply {
    case .full(let status, var fields, let body):
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
      return .full(error.status, fields, error.json(requestID: id))
    }
  }
}
