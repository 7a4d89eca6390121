@testable import HTTP
import HTTPTypes
import StreamKit
import TestKit
import Testing

/// What is written down of a request.
@Suite(.ownThreads, .timeLimit(.minutes(60))) struct TransportObserverTests {
  @Test func `each request leaves one line, whatever became of it, and none of its contents`()
    async throws
  {
    let log = LogLines()
    let kit = try await TransportKit(
      [
        TransportKit.hello, TransportKit.echo,
        Route(.get, "/socket") { _ in .webSocket(.echo) },
        Route(.get, "/endless") { _ in
          .stream(
            fields: [:],
            body: .writing { writer in
              while true {
                try await writer.write([UInt8](repeating: 0, count: 1000))
              }
            })
        },
      ], log: log)
    _ = try await kit.exchange("GET /hello?secret=1", ["Authorization: Bearer secret"])
    _ = try await kit.exchange("POST /echo", ["Content-Length: 6"], body: Array("secret".utf8))
    _ = try await kit.exchange("GET /none")
    _ = try await WebSocketTestClient(kit)
    var leaving: LoopbackClient? = try kit.client()
    await leaving?.send("GET /endless HTTP/1.1\r\nHost: a\r\n\r\n")
    _ = await leaving?.receive(through: "\r\n\r\n")
    leaving = nil
    let broken = try kit.client()
    await broken.send("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")
    _ = await broken.receiveAll()
    // A plain line each; what the server says besides is not about a request.
    func told() -> [String] { log.lines.filter { $0.contains("request_id") } }
    #expect(await eventually { told().count >= 6 })
    for (message, path, status) in [
      ("answered", "/hello", 200), ("answered", "/echo", 200), ("answered", "/none", 404),
      ("answered", "/socket", 101), ("given up", "/endless", 200), ("answered", "-", 400),
    ] {
      let found = told().filter {
        $0.contains(" \(message) ") && $0.contains("\"path\": \(path),")
          || $0.contains("\"path\": \(path)]")
      }
      #expect(found.count == 1, "\(path): \(told())")
      #expect(found.allSatisfy { $0.contains("\"status\": \(status)") })
    }
    #expect(told().count == 6)
    #expect(!told().contains { $0.contains("secret") })
  }
}
