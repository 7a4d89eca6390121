import HTTPTypes
import Sockets
import Traces
import Tracing
import Wire

/// What of a request belongs to a trace.
extension TransportServices {
  /// Bytes of a path that are told; the longest that means something here is a fraction of it.
  private static let pathLimit = 512

  /// Begins a request's span, below the one that the request names; nil where nothing is traced.
  ///
  /// Neither the query nor a field of the request is in it.
  func span(
    of head: RequestHead, route: String?, from remote: SocketAddress, to local: SocketAddress?,
    isSecure: Bool
  ) -> TracedSpan? {
    guard let tracer else { return nil }
    var context = ServiceContext.topLevel
    tracer.extract(head.fields, into: &context, using: TraceFields())
    let method = RequestMetrics.methods.contains(head.method.rawValue) ? head.method.rawValue : nil
    let span = tracer.span(
      [method ?? "HTTP", route].compactMap(\.self).joined(separator: " "), .server, below: context)
    guard span.isRecording else { return span }
    span.updateAttributes { attributes in
      attributes["http.request.method"] = method ?? "_OTHER"
      attributes["http.route"] = route
      attributes["url.scheme"] = isSecure ? "https" : "http"
      attributes["url.path"] = String(head.target.path.prefix(Self.pathLimit))
      attributes["network.protocol.version"] = "1.\(head.minorVersion)"
      attributes["client.address"] = remote.host
      attributes["server.port"] = local?.port.map { Int($0) }
    }
    return span
  }
}

/// Fields of requests as a tracer reads them.
private struct TraceFields: Extractor {
  func extract(key: String, from carrier: HTTPFields) -> String? {
    guard let name = HTTPField.Name(key) else { return nil }
    let values = carrier[values: name]
    switch key {
    // Two of them contradict each other, so neither counts.
    case "traceparent": return values.count == 1 ? values[0] : nil
    default: return values.isEmpty ? nil : values.joined(separator: ",")
    }
  }
}

extension SocketAddress {
  /// The address without its port; nil where it has none.
  fileprivate var host: String? {
    switch self {
    case .ipv4(let host, _), .ipv6(let host, _): host
    case .unix: nil
    }
  }
}
