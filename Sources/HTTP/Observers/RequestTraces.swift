import Traces
import Tracing

/// The ends of requests' spans.
///
/// - Standard: OpenTelemetry's semantic conventions for HTTP servers.
struct RequestTraces: Observer {
  init(_ setting: ObserverSetting) {}

  func noteEnd(of exchange: ExchangeRecord) {
    guard let span = exchange.span else { return }
    defer { span.finish() }
    guard span.isRecording else { return }
    span.updateAttributes { attributes in
      if exchange.status > 0 { attributes["http.response.status_code"] = exchange.status }
      attributes["http.response.body.size"] = exchange.bodyBytes
      attributes["neuroscope.request.id"] = exchange.id
      if !exchange.isWhole { attributes["neuroscope.response.cut"] = true }
    }
    // What a client did wrong is no error of the server's.
    if exchange.status >= 500 { span.fail("\(exchange.status)") }
    if exchange.status == 0 { span.fail("peer_gone") }
  }
}
