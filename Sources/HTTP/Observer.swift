package import Logging
package import Metrics
package import Sockets
package import Traces

/// Who is told of a request when it is over.
///
/// One file in `Observers/` and one line in `Observers.swift`. It is told on the connection's loop, so it neither waits nor
/// takes long.
package protocol Observer: Sendable {
  /// Takes what it needs of the setting.
  init(_ setting: ObserverSetting)
  /// A request has been answered, or its peer has gone before.
  func noteEnd(of exchange: ExchangeRecord)
}

/// What observers are made from.
package struct ObserverSetting: Sendable {
  /// Where lines go.
  package var logger: Logger
  /// Where metrics are made.
  package var metrics: MetricRegistry

  /// Describes a setting.
  package init(logger: Logger, metrics: MetricRegistry) {
    self.logger = logger
    self.metrics = metrics
  }
}

/// One request and its answer, as facts; nothing of what was asked or answered.
package struct ExchangeRecord: Sendable {
  /// The request's name in replies and logs (`X-Request-Id`).
  package var id: String
  /// The method; nil where what arrived was no request.
  package var method: String?
  /// The decoded path; nil as the method.
  package var path: String?
  /// The pattern of the route that was found, such as `/v1/runs/{id}`.
  package var route: String?
  /// The status of the answer; 0 where none was begun.
  package var status: Int
  /// The machine-readable name of a refusal that the transport made by itself.
  package var code: String?
  /// Bytes of the answer's body, as framed.
  package var bodyBytes = 0
  /// Whether the answer was sent to its end.
  package var isWhole: Bool
  /// From the last byte of the head to the end.
  package var took: Duration
  /// The name of the key that was shown.
  package var caller: String?
  /// The other end.
  package var remote: SocketAddress
  /// Its part of a trace, which ends with it; nil where nothing is traced.
  package var span: TracedSpan?
}
