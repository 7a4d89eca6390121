internal import HTTP
internal import HTTPTypes
internal import JSON
internal import Metrics

/// What operators and their machines ask.
extension Routes {
  /// `GET /metrics`: as Prometheus reads them.
  func metrics(_ request: Request) async -> Reply {
    var families = await service.metricFamilies()
    if service.options.servesMetricAliases { families += LlamaMetrics.aliases(of: families) }
    return .full(
      fields: [.contentType: MetricText.mediaType, .cacheControl: "no-store"],
      body: Array(MetricText.write(families).utf8))
  }

  /// `GET /livez`: whether the process answers at all.
  func live(_ request: Request) -> Reply { Self.state("live", .ok) }

  /// `GET /readyz`: whether work should be sent here.
  func ready(_ request: Request) -> Reply {
    switch service.readiness {
    case .ready: Self.state("ready", .ok)
    case .loading: Self.state("loading", .serviceUnavailable)
    case .draining: Self.state("draining", .serviceUnavailable)
    }
  }

  private static func state(_ name: String, _ status: HTTPResponse.Status) -> Reply {
    .json(
      JSONWriter.object { $0.member("status", name) }, status: status,
      fields: [.cacheControl: "no-store"])
  }
}
