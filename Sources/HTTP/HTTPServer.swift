package import Logging
package import Loops
package import Metrics
package import Sockets
import Synchronization
package import Traces

/// Listens, and owns the connections.
package final class HTTPServer: Sendable {
  private struct State: Sendable {
    var listeners: [Listener] = []
    var connections: [Int: HTTPConnection] = [:]
    var nextConnection = 0
    var isDraining = false
    var isFull = false
  }

  private let services: TransportServices
  private let loops: LoopGroup
  private let state = Mutex(State())

  /// Makes a server that does not listen yet.
  ///
  /// - Parameters:
  ///   - certificate: what every network address shows, where only TLS is then spoken; nil for plain HTTP.
  ///   - base: the path below which routes are found, besides where they say.
  ///   - work: where bodies are unpacked and large answers packed.
  ///   - tracer: who begins a span for each request; nil where nothing is traced.
  package init(
    router: Router, base: BasePath = .root, limits: TransportLimits = TransportLimits(),
    access: AccessRules = AccessRules(), certificate: ServerCertificate? = nil, loops: LoopGroup,
    work: WorkQueue = WorkQueue(),
    logger: Logger = Logger(label: "neuroscope.http"), metrics: MetricRegistry = MetricRegistry(),
    tracer: SpanTracer? = nil
  ) {
    services = TransportServices(
      router: router, base: base, limits: limits, access: access,
      outboxes: OutboxLedger(limit: limits.outboxes), bodies: BodyLedger(limit: limits.bodies),
      certificate: certificate, work: work,
      setting: ObserverSetting(logger: logger, metrics: metrics), tracer: tracer)
    self.loops = loops
  }

  /// Where the server listens; port 0 has become the port the system chose.
  package var addresses: [SocketAddress] {
    state.withLock { $0.listeners.map(\.address) }
  }

  /// Bytes that wait for peers that do not take them.
  package var waitingByteCount: Int { services.outboxes.byteCount }

  /// Bytes of requests' bodies in memory.
  package var bodyByteCount: Int { services.bodies.byteCount }

  /// How many connections are open.
  package var connectionCount: Int { state.withLock { $0.connections.count } }

  /// Returns when each loop has come to work that was given to it just now: none of them is stuck.
  package func haveATurn() async { await loops.haveATurn() }

  /// Begins to listen on an address, besides those before.
  ///
  /// - Returns: the bound address.
  /// - Throws: `SocketError`, for instance when the address is in use.
  @discardableResult
  package func listen(on address: SocketAddress) async throws(SocketError) -> SocketAddress {
    let listener = try Listener(
      on: address, loop: loops.next(),
      mayAccept: { [weak self] in self?.hasRoom() ?? false },
      acceptor: { [weak self] socket in self?.accept(socket) })
    state.withLock { $0.listeners.append(listener) }
    await listener.start()
    return listener.address
  }

  private func accept(_ socket: consuming AcceptedSocket) {
    let loop = loops.next()
    let id = state.withLock { state in
      state.nextConnection += 1
      return state.nextConnection
    }
    let connection = HTTPConnection(socket, id: id, loop: loop, services: services) {
      [weak self] id in self?.closed(id)
    }
    state.withLock { $0.connections[id] = connection }
    loop.execute { connection.assumeIsolated { $0.open() } }
  }

  /// Whether another connection may be accepted; if not, `closed` will tell the listeners when.
  private func hasRoom() -> Bool {
    state.withLock { state in
      state.isFull = state.connections.count >= services.limits.connections
      return !state.isFull
    }
  }

  private func closed(_ id: Int) {
    let hasRoom = state.withLock { state in
      state.connections[id] = nil
      guard state.isFull, state.connections.count < services.limits.connections else {
        return false
      }
      state.isFull = false
      return true
    }
    guard hasRoom else { return }
    for listener in state.withLock(\.listeners) {
      Task { await listener.setAccepting(true) }
    }
  }

  /// Stops: accepts nothing more, lets what is under way finish, then closes.
  ///
  /// Runs are finished or cancelled by their owner meanwhile; their streams then end by themselves.
  /// - Parameter limit: how long the rest may take; whoever is left is then cut off, WebSockets with
  ///   the close code for going away. Cancelling the task cuts them off at once.
  package func drain(within limit: Duration) async {
    let listeners = state.withLock { state in
      state.isDraining = true
      defer { state.listeners = [] }
      return state.listeners
    }
    for listener in listeners { await listener.stop() }
    let deadline = ContinuousClock.now + limit
    while !Task.isCancelled, ContinuousClock.now < deadline, !everyConnection.isEmpty {
      for connection in everyConnection { await connection.drain() }
      try? await Task.sleep(for: .milliseconds(20))
    }
    for connection in everyConnection { await connection.goAway() }
    try? await Task.sleep(for: .milliseconds(everyConnection.isEmpty ? 0 : 100))
    for connection in everyConnection { await connection.shut(abortively: false) }
  }

  private var everyConnection: [HTTPConnection] {
    state.withLock { Array($0.connections.values) }
  }
}
