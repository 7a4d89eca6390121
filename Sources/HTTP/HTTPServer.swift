package import Logging
package import Loops
package import Sockets
import Synchronization

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
  package init(
    router: Router, limits: TransportLimits = TransportLimits(),
    crossOrigin: CrossOrigin = CrossOrigin(), loops: LoopGroup,
    logger: Logger = Logger(label: "neuroscope.http")
  ) {
    services = TransportServices(
      router: router, limits: limits, crossOrigin: crossOrigin,
      outboxes: OutboxLedger(limit: limits.outboxes), logger: logger)
    self.loops = loops
  }

  /// Where the server listens; port 0 has become the port the system chose.
  package var addresses: [SocketAddress] {
    state.withLock { $0.listeners.map(\.address) }
  }

  /// Bytes that wait for peers that do not take them.
  package var waitingByteCount: Int { services.outboxes.byteCount }

  /// How many connections are open.
  package var connectionCount: Int { state.withLock { $0.connections.count } }

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
