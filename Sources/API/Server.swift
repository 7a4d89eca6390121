internal import HTTP
internal import Engine
internal import HTTPTypes
package import Logging
internal import Loops
package import Sockets
internal import Runs
internal import Traces

/// The whole server: an engine, its runs, and the connections that reach them.
package final class Server: Sendable {
  package let service: Service
  private let http: HTTPServer
  private let logger: Logger
  private let tracer: SpanTracer?

  /// Makes a server that does not listen yet.
  package init(
    options: ServerOptions = ServerOptions(), installation: Installation = .current(),
    logger: Logger = Logger(label: "neuroscope")
  ) {
    let work = WorkQueue(waiting: options.waitingRequests)
    let metrics = ServiceMetrics()
    let tracer = options.collector.map { collector in
      SpanTracer(
        to: SpanExporter(
          to: collector,
          as: TraceResource(
            name: "neuroscope", version: Version.text, instance: Service.token(length: 24)),
          pace: options.tracePace, metrics: metrics.registry, logger: logger))
    }
    self.tracer = tracer
    var computing = options.engine
    computing.observer = metrics.passes
    service = Service(
      options: options, engine: Engine(options: computing), installation: installation,
      work: work, logger: logger, metrics: metrics, tracer: tracer)
    let list = Routes(service)
    var routes = list.all + list.ofSlashedNames + list.refused
    if options.servesEcho { routes.append(Routes.echo) }
    http = HTTPServer(
      router: Router(routes), base: options.basePath, limits: options.transport,
      access: AccessRules(
        hosts: HostNames(allowed: options.allowedHosts),
        crossOrigin: CrossOrigin(allowed: Set(options.allowedOrigins)), keys: options.keys),
      certificate: options.certificate, loops: LoopGroup(label: "neuroscope.http"), work: work,
      logger: logger,
      metrics: service.metrics.registry, tracer: tracer)
    self.logger = logger
    service.watchTransport { [weak http] in
      TransportState(
        connections: http?.connectionCount ?? 0, waitingBytes: http?.waitingByteCount ?? 0)
    }
  }

  /// What the last spans may take where connections have taken all the time.
  private static let lastSend = Duration.seconds(1)

  /// Where the server listens.
  package var addresses: [SocketAddress] { http.addresses }

  /// Begins to listen on every address of the options.
  ///
  /// - Throws: `SocketError`, for instance where an address is in use.
  @discardableResult
  package func listen() async throws(SocketError) -> [SocketAddress] {
    for address in service.options.addresses { try await http.listen(on: address) }
    return http.addresses
  }

  /// Returns when each loop of connections has had a turn: that none of them is stuck.
  package func haveATurn() async { await http.haveATurn() }

  /// Stops: runs are ended, so that their streams and recordings end properly, and connections are let finish.
  package func shutDown() async {
    let began = ContinuousClock.now
    service.facts.drain()
    let active = service.runs.active
    if !active.isEmpty { logger.info("ending runs", metadata: ["count": "\(active.count)"]) }
    for run in active { run.cancel() }
    await http.drain(within: .seconds(service.options.drainSeconds))
    // A run's recording is whole when the run has ended, whether anybody watched or not.
    await service.runs.settle(within: .seconds(service.options.drainSeconds))
    let left = Duration.seconds(service.options.drainSeconds) - (ContinuousClock.now - began)
    await tracer?.close(within: max(left, Self.lastSend))
  }
}
