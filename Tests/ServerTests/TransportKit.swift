@testable import HTTP
import HTTPTypes
import Logging
import Loops
import Sockets
import Synchronization
import TestKit
import Testing

@testable import API
@testable import Runs

/// A server with a few routes on a free port, and clients for it.
struct TransportKit: Sendable {
  let server: HTTPServer
  let port: UInt16
  let log = SignalLog()

  init(_ routes: [Route], adjust: (inout TransportLimits) -> Void = { _ in }) async throws {
    var limits = TransportLimits()
    // Far away, so that a busy machine fails no test that is not about deadlines.
    limits.endure()
    adjust(&limits)
    var logger = Logger(label: "test")
    logger.logLevel = .critical
    server = HTTPServer(
      router: Router(routes), limits: limits, loops: LoopGroup(label: "test", count: 2),
      logger: logger)
    let address = try await server.listen(on: .ipv4("127.0.0.1", port: 0))
    port = try #require(address.port)
  }

  func client(receiveBuffer: Int32? = nil) throws -> LoopbackClient {
    try #require(LoopbackClient(port: port, receiveBuffer: receiveBuffer))
  }

  /// One request on a connection of its own, and everything the server says to it.
  func exchange(
    _ line: String, _ fields: [String] = [], body: [UInt8] = []
  ) async throws -> TestResponse {
    let client = try client()
    let head = ([line + " HTTP/1.1", "Host: localhost", "Connection: close"] + fields)
      .joined(separator: "\r\n")
    await client.send(Array((head + "\r\n\r\n").utf8) + body)
    return TestResponse(try #require(await client.receiveAll()))
  }

  /// A route that answers at once.
  static let hello = Route(.get, "/hello") { _ in
    .full(fields: [.contentType: "text/plain"], body: Array("hello".utf8))
  }

  /// A route that says what it was sent.
  static let echo = Route(.post, "/echo") { request in
    .full(fields: [.contentType: "text/plain"], body: request.body)
  }
}

extension TransportLimits {
  /// Moves every deadline far away: how long a busy machine takes for a peer's next step decides nothing then.
  mutating func endure() {
    headDeadline = .seconds(3600)
    bodyDeadline = .seconds(3600)
    idleDeadline = .seconds(3600)
    writeDeadline = .seconds(3600)
    drainDeadline = .seconds(3600)
    silenceDeadline = .seconds(3600)
  }
}

/// A response taken apart just enough for expectations.
struct TestResponse {
  let status: String
  let fields: [String]
  let body: [UInt8]

  init(status: String, fields: [String], body: [UInt8]) {
    self.status = status
    self.fields = fields
    self.body = body
  }

  init(_ bytes: [UInt8]) {
    let end = bytes.indices.first { bytes[$0...].starts(with: Array("\r\n\r\n".utf8)) }
    let head = String(decoding: bytes[..<(end ?? bytes.endIndex)], as: UTF8.self)
    let lines = head.split(separator: "\r\n").map(String.init)
    status = lines.first ?? ""
    fields = Array(lines.dropFirst())
    body = end.map { Array(bytes[($0 + 4)...]) } ?? []
  }

  var text: String { String(decoding: body, as: UTF8.self) }

  subscript(name: String) -> String? {
    fields.first { $0.lowercased().hasPrefix(name.lowercased() + ": ") }
      .map { String($0.dropFirst(name.count + 2)) }
  }
}

/// Waits until something holds; false after twelve thousand looks, a minute at least.
func eventually(_ condition: () async -> Bool) async -> Bool {
  for _ in 0..<12_000 * Patience.factor {
    if await condition() { return true }
    try? await Task.sleep(for: .milliseconds(5))
  }
  return false
}
