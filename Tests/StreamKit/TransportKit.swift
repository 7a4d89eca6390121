package import HTTP
internal import HTTPTypes
internal import Logging
internal import Loops
internal import Sockets
package import TestKit

/// A server with a few routes on a free port, and clients for it.
package struct TransportKit: Sendable {
  package let server: HTTPServer
  package let port: UInt16
  package let log = SignalLog()

  package init(
    _ routes: [Route], access: AccessRules = AccessRules(hosts: .any),
    certificate: ServerCertificate? = nil, log lines: LogLines? = nil,
    adjust: (inout TransportLimits) -> Void = { _ in }
  ) async throws {
    var limits = TransportLimits()
    // Far away, so that a busy machine fails no test that is not about deadlines.
    limits.endure()
    adjust(&limits)
    var logger = Logger(label: "test")
    logger.logLevel = .critical
    server = HTTPServer(
      router: Router(routes), limits: limits,
      // Tests of the transport call it what they like; those of hosts give rules of their own.
      access: access, certificate: certificate, loops: LoopGroup(label: "test", count: 2),
      logger: lines?.logger ?? logger)
    let address = try await server.listen(on: .ipv4("127.0.0.1", port: 0))
    port = try require(address.port)
  }

  package func client(receiveBuffer: Int32? = nil) throws -> LoopbackClient {
    try require(LoopbackClient(port: port, receiveBuffer: receiveBuffer))
  }

  /// One request on a connection of its own, and everything the server says to it.
  package func exchange(
    _ line: String, _ fields: [String] = [], body: [UInt8] = []
  ) async throws -> TestResponse {
    let client = try client()
    let head = ([line + " HTTP/1.1", "Host: localhost", "Connection: close"] + fields)
      .joined(separator: "\r\n")
    await client.send(Array((head + "\r\n\r\n").utf8) + body)
    return TestResponse(try require(await client.receiveAll()))
  }

  /// A route that answers at once.
  package static let hello = Route(.get, "/hello") { _ in
    .full(fields: [.contentType: "text/plain"], body: Array("hello".utf8))
  }

  /// A route that says what it was sent.
  package static let echo = Route(.post, "/echo") { request in
    .full(fields: [.contentType: "text/plain"], body: request.body)
  }
}

extension TransportLimits {
  /// Moves every deadline far away: how long a busy machine takes for a peer's next step decides nothing then, and no ping
  /// comes among what a test counts.
  package mutating func endure() {
    headDeadline = .seconds(3600)
    bodyDeadline = .seconds(3600)
    idleDeadline = .seconds(3600)
    writeDeadline = .seconds(3600)
    drainDeadline = .seconds(3600)
    heartbeatFloor = .seconds(3600)
    pingInterval = .seconds(3600)
    silenceDeadline = .seconds(3600)
  }
}

extension WebSocketTestClient {
  /// Opens a socket of a server of a few routes.
  package init(_ kit: TransportKit, _ path: String = "/socket", fields: [String] = []) async throws
  {
    await self.init(try kit.client(), path, fields: fields)
  }
}
