import Loops
import TestKit

@testable import Sockets

/// Sends back what it gets; one actor owning connections, as the real server does.
actor EchoServer {
  private let loop: Loop
  private let calls: Connection.Calls
  private let greeting: [UInt8]
  private(set) var connections: [Int: Connection] = [:]
  private var next = 0
  private var endings: [ReadOutcome] = []
  private var waiting: CheckedContinuation<ReadOutcome, Never>?
  nonisolated let listener: Listener

  nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }
  var connectionCount: Int { connections.count }

  init(
    on address: SocketAddress = .ipv4("127.0.0.1", port: 0), greeting: [UInt8] = [],
    calls: Connection.Calls = .system
  ) async throws {
    let loop = Loop(label: "echo")
    let door = Door()
    self.loop = loop
    self.calls = calls
    self.greeting = greeting
    listener = try Listener(on: address, loop: loop) { socket in
      guard let server = door.server else { return }
      let hatch = Hatch(socket)
      server.assumeIsolated { $0.take(hatch) }
    }
    door.server = self
    await listener.start()
  }

  /// Lets the acceptor reach the server that is made after it.
  private final class Door: @unchecked Sendable {
    // Proof for @unchecked: written once before the listener starts.
    weak var server: EchoServer?
  }

  /// Carries a noncopyable socket into the actor.
  private final class Hatch: @unchecked Sendable {
    // Proof for @unchecked: made and emptied on one thread.
    private var socket: AcceptedSocket?
    init(_ socket: consuming AcceptedSocket) { self.socket = consume socket }
    func take() -> AcceptedSocket? { socket.take() }
  }

  private func take(_ hatch: Hatch) {
    guard let socket = hatch.take() else { return }
    let id = next
    next += 1
    let connection = Connection(socket, loop: loop, limits: limits, calls: calls)
    connection.open(
      readable: { [weak self] in self?.assumeIsolated { $0.readable(id) } },
      writable: { [weak self] in self?.assumeIsolated { $0.writable(id) } })
    connections[id] = connection
    connection.setReading(true)
    connection.offer([greeting])
    writable(id)
  }

  private var limits: Connection.Limits {
    var limits = Connection.Limits()
    limits.outbox = 8 << 20
    return limits
  }

  private func readable(_ id: Int) {
    guard let connection = connections[id] else { return }
    var bytes: [UInt8] = []
    let outcome = connection.read { bytes = Array($0) }
    switch outcome {
    case .bytes:
      connection.offer([bytes])
      writable(id)
    case .nothing: break
    case .end, .failed:
      connection.finishWriting()
      connection.close()
      connections[id] = nil
      note(outcome)
    }
  }

  private func writable(_ id: Int) {
    _ = connections[id]?.flush()
  }

  private func note(_ ending: ReadOutcome) {
    if let waiting {
      self.waiting = nil
      waiting.resume(returning: ending)
    } else {
      endings.append(ending)
    }
  }

  /// How the next connection ended.
  func nextEnding() async -> ReadOutcome {
    // Asked where nothing comes between: the way into the closure may be a turn of its own.
    await withCheckedContinuation { continuation in
      if endings.isEmpty {
        waiting = continuation
      } else {
        continuation.resume(returning: endings.removeFirst())
      }
    }
  }

  func stop() async {
    await listener.stop()
    for connection in connections.values { connection.close() }
    connections = [:]
  }

  /// Goes without removing the socket file, as a killed process does.
  func abandon() async {
    await listener.abandon()
  }

  nonisolated func connect(receiveBuffer: Int32? = nil) -> LoopbackClient? {
    switch listener.address {
    case .ipv4(let host, let port), .ipv6(let host, let port):
      LoopbackClient(host: host, port: port, receiveBuffer: receiveBuffer)
    case .unix(let path): LoopbackClient(unix: path)
    }
  }
}

extension Listener {
  /// Stops listening and leaves the socket file behind.
  fileprivate func abandon() async {
    await stop(removingFile: false)
  }
}
