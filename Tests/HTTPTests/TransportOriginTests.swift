@testable import HTTP
import HTTPTypes
import TestKit
import StreamKit
import Testing

@Suite(.ownThreads) struct TransportOriginTests {
  @Test(arguments: [
    ("http://localhost:3000", true), ("http://127.0.0.1", true), ("http://[::1]:5173", true),
    ("https://localhost", true), ("http://evil.example", false),
    ("http://localhost.evil.example", false), ("null", false), ("http://localhost:80x", false),
    ("http://my.host:8080", true), ("https://listed.example", true),
  ])
  func `pages of this machine, of this server and of the list are let in`(
    origin: String, isAdmitted: Bool
  ) {
    let rules = CrossOrigin(allowed: ["https://listed.example"])
    #expect(rules.admits(origin, authority: "my.host:8080") == isAdmitted)
    #expect(CrossOrigin(allowed: ["*"]).admits(origin, authority: nil))
  }

  @Test func `a page of this machine may ask first, and read the answer`() async throws {
    let kit = try await TransportKit([TransportKit.hello, TransportKit.echo])
    let preflight = try await kit.exchange(
      "OPTIONS /echo",
      [
        "Origin: http://localhost:3000", "Access-Control-Request-Method: POST",
        "Access-Control-Request-Headers: content-type",
      ])
    #expect(preflight.status == "HTTP/1.1 204 No Content")
    #expect(preflight["Access-Control-Allow-Origin"] == "http://localhost:3000")
    #expect(preflight["Access-Control-Allow-Methods"] == "OPTIONS, POST")
    #expect(preflight["Access-Control-Allow-Headers"] == "content-type")
    let answer = try await kit.exchange("GET /hello", ["Origin: http://localhost:3000"])
    #expect(answer["Access-Control-Allow-Origin"] == "http://localhost:3000")
    #expect(answer["Vary"] == "Origin")
  }

  @Test func `a page of elsewhere can neither read nor change anything`() async throws {
    let kit = try await TransportKit([TransportKit.hello, TransportKit.echo])
    let read = try await kit.exchange("GET /hello", ["Origin: http://evil.example"])
    #expect(read["Access-Control-Allow-Origin"] == nil)
    let change = try await kit.exchange(
      "POST /echo", ["Origin: http://evil.example", "Content-Length: 0"])
    #expect(change.status == "HTTP/1.1 403 Forbidden")
    #expect(change.text.contains("origin_not_allowed"))
  }

  @Test func `plain OPTIONS says what is allowed`() async throws {
    let kit = try await TransportKit([TransportKit.hello])
    #expect(try await kit.exchange("OPTIONS /hello")["Allow"] == "GET, HEAD, OPTIONS")
    #expect(try await kit.exchange("OPTIONS *").status == "HTTP/1.1 204 No Content")
  }
}
