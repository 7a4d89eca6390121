import Metrics

/// Requests and how long they took, by their routes.
struct RequestMetrics: Observer {
  static let methods: Set = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"]

  private let requests: Counter
  private let seconds: Histogram

  init(_ setting: ObserverSetting) {
    requests = setting.metrics.counter(
      "neuroscope_http_requests_total", "Requests that are over; code 0 where none was answered.",
      labels: ["route", "method", "code"])
    seconds = setting.metrics.histogram(
      "neuroscope_http_request_seconds",
      "From a request's last byte to the end of its answer, streams included.", labels: ["route"])
  }

  func noteEnd(of exchange: ExchangeRecord) {
    // Only what the server itself has named becomes a label, so that nobody outside can make more of them.
    let route = exchange.route ?? "none"
    let method = exchange.method.map { Self.methods.contains($0) ? $0 : "other" } ?? "none"
    requests.add(1, route, method, "\(exchange.status)")
    seconds.note(exchange.took / .seconds(1), route)
  }
}
