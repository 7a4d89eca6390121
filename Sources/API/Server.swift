internal import HTTP
internal import Engine
internal import HTTPTypes
package import Logging
internal import Loops
package import Sockets
internal import Runs

/// The whole server: an engine, its runs, and the connections that reach them.
package final class Server: Sendable {
  package let service: Service
  private let http: HTTPServer
  private let logger: Logger

  /// Makes a server that does not listen yet.
  package init(
    options: ServerOptions = ServerOptions(), installation: Installation = .current(),
    logger: Logger = Logger(label: "neuroscope")
  ) {
    service = Service(
      options: options, engine: Engine(options: options.engine), installation: installation,
      logger: logger)
    var routes = Routes(service).all
    if options.servesEcho { routes.append(Routes.echo) }
    http = HTTPServer(
      router: Router(routes), limits: options.transport,
      crossOrigin: CrossOrigin(allowed: Set(options.allowedOrigins)),
      loops: LoopGroup(label: "neuroscope.http"), logger: logger)
    self.logger = logger
  }

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

  /// Stops: runs are ended, so that their streams and recordings end properly, and connections are let finish.
  package func shutDown() async {
    let active = service.runs.active
    if !active.isEmpty { logger.info("ending runs", metadata: ["count": "\(active.count)"]) }
    for run in active { run.cancel() }
    await http.drain(within: .seconds(service.options.drainSeconds))
    // A run's recording is whole when the run has ended, whether anybody watched or not.
    await service.runs.settle(within: .seconds(service.options.drainSeconds))
  }
}
