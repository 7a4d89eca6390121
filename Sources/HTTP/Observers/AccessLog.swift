import Logging

/// A line in the log for each request, without what was asked or answered.
struct AccessLog: Observer {
  private let logger: Logger

  init(_ setting: ObserverSetting) { logger = setting.logger }

  private func extras(_ exchange: ExchangeRecord) -> Logger.Metadata {
    var extras: Logger.Metadata = [:]
    if let code = exchange.code { extras["code"] = "\(code)" }
    if let caller = exchange.caller { extras["key"] = "\(caller)" }
    return extras
  }

  func noteEnd(of exchange: ExchangeRecord) {
    logger.info(
      exchange.isWhole ? "answered" : "given up",
      metadata: [
        "request_id": "\(exchange.id)", "method": "\(exchange.method ?? "-")",
        "path": "\(exchange.path ?? "-")", "status": "\(exchange.status)",
        "bytes": "\(exchange.bodyBytes)", "milliseconds": "\(exchange.took / .milliseconds(1))",
      ].merging(extras(exchange)) { first, _ in first })
  }
}
