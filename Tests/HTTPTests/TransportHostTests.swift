@testable import HTTP
import Foundation
import HTTPTypes
import Sockets
import StreamKit
import TestKit
import Testing

/// A server answers only to its own names, so that no stranger's name can be led to it.
@Suite(.ownThreads, .timeLimit(.minutes(60))) struct TransportHostTests {
  @Test(arguments: [
    ("localhost", true), ("LOCALHOST:8080", true), ("localhost.", true), ("page.localhost", true),
    ("127.0.0.1", true), ("127.8.9.1:1", true), ("[::1]:8080", true), ("0.0.0.0:8080", true),
    ("listed.example", true), ("Listed.Example.:443", true), ("192.0.2.7:8080", true),
    ("evil.example", false), ("localhost.evil.example", false), ("127.0.0.1.evil.example", false),
    ("notlocalhost", false), ("128.0.0.1", false), ("127.0.0", false), ("127.0.0.256", false),
    ("127.0.0.+1", false), ("[::2]", false), ("192.0.2.8", false), ("more.listed.example", false),
    ("listed.example.evil", false), ("127.0.0.1%00", false), ("", false), (".", false),
  ])
  func `the names of the loopback, the reached address and the list are its own`(
    host: String, isOwn: Bool
  ) {
    let names = HostNames(allowed: ["listed.example"])
    #expect(names.admits(host, local: .ipv4("192.0.2.7", port: 8080)) == isOwn)
    #expect(HostNames.any.admits(host))
  }

  @Test func `an address counts only where it was reached, also through a socket of IPv6`() {
    let names = HostNames()
    #expect(!names.admits("192.0.2.7"))
    #expect(!names.admits("192.0.2.7", local: .unix(path: "192.0.2.7")))
    #expect(names.admits("192.0.2.7", local: .ipv6("::ffff:192.0.2.7", port: 80)))
    #expect(names.admits("[2001:db8::1]:80", local: .ipv6("2001:db8::1", port: 80)))
    #expect(!names.admits("[2001:db8::2]:80", local: .ipv6("2001:db8::1", port: 80)))
  }

  /// Everything that a request can be, by its lines behind the target; `%H` is the foreign name.
  private static let doors = [
    "GET /hello HTTP/1.1\r\nHost: %H\r\n", "HEAD /hello HTTP/1.1\r\nHost: %H\r\n",
    "GET /hello HTTP/1.0\r\nHost: %H\r\n", "OPTIONS * HTTP/1.1\r\nHost: %H\r\n",
    "OPTIONS /echo HTTP/1.1\r\nHost: %H\r\nOrigin: http://%H\r\nAccess-Control-Request-Method: POST\r\n",
    "POST /echo HTTP/1.1\r\nHost: %H\r\nContent-Length: 2\r\n",
    "POST /echo HTTP/1.1\r\nHost: %H\r\nOrigin: http://%H\r\nContent-Length: 2\r\n",
    "POST /echo HTTP/1.1\r\nHost: %H\r\nExpect: 100-continue\r\nContent-Length: 2\r\n",
    "POST /echo HTTP/1.1\r\nHost: %H\r\nTransfer-Encoding: chunked\r\n",
    "DELETE /hello HTTP/1.1\r\nHost: %H\r\n", "GET /nothing HTTP/1.1\r\nHost: %H\r\n",
    "GET /socket HTTP/1.1\r\nHost: %H\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
      + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
    "GET http://%H/hello HTTP/1.1\r\nHost: localhost\r\n",
    "GET http://localhost/hello HTTP/1.1\r\nHost: %H\r\n",
    "GET /hello HTTP/1.1\r\nX-Forwarded-Host: localhost\r\nHost: %H\r\n",
  ]

  @Test(arguments: [
    "evil.example", "evil.example:%P", "localhost.evil.example", "127.0.0.1.evil.example:%P",
    "192.168.1.2", "[2001:db8::1]", "a", "xn--lcalhost-d1a", "169.254.169.254", "2130706433",
  ])
  func `a foreign name is refused at every door before anything is asked or answered`(
    _ name: String
  ) async throws {
    let log = SignalLog()
    let routes = [HTTPRequest.Method.get, .post].flatMap { method in
      ["/hello", "/echo", "/socket"].map { path -> Route in
        Route(method, path) { _ in
          log.note("\(method) \(path)")
          return .full(body: Array("secret".utf8))
        }
      }
    }
    let kit = try await TransportKit(routes, access: AccessRules(hosts: HostNames(allowed: ["b"])))
    let host = name.replacing("%P", with: "\(kit.port)")
    for door in Self.doors {
      let client = try kit.client()
      let isUpgrade = door.contains("Upgrade:")
      await client.send(
        Array(
          (door.replacing("%H", with: host)
            + "Connection: close\(isUpgrade ? ", Upgrade" : "")\r\n\r\n").utf8))
      let response = TestResponse(try #require(await client.receiveAll()))
      #expect(response.status == "HTTP/1.1 421 Misdirected Request", "\(door)")
      if !door.hasPrefix("HEAD") {
        #expect(response.text.contains("host_not_allowed"), "\(door)")
        #expect(response.text.contains("--allow-host"), "\(door)")
      }
      #expect(response["Access-Control-Allow-Origin"] == nil, "\(door)")
    }
    #expect(log.all == [])
    #expect(try await kit.exchange("GET /hello").text == "secret")
  }

  @Test func `the body of a refused request is thrown away, and the next request is answered`()
    async throws
  {
    let kit = try await TransportKit(
      [TransportKit.hello, TransportKit.echo], access: AccessRules())
    let client = try kit.client()
    let body = String(repeating: "GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n", count: 40)
    await client.send(
      "POST /echo HTTP/1.1\r\nHost: evil.example\r\nContent-Length: \(body.utf8.count)\r\n\r\n")
    #expect(await client.receive(through: "\r\n\r\n").hasPrefix("HTTP/1.1 421"))
    await client.send(body + "GET /hello HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    let rest = String(decoding: try #require(await client.receiveAll()), as: UTF8.self)
    #expect(rest.components(separatedBy: "HTTP/1.1 ").count == 2, "\(rest)")
    #expect(rest.hasSuffix("hello"))
  }

  @Test func `an old peer without a name is answered, since no page speaks like that`()
    async throws
  {
    let kit = try await TransportKit([TransportKit.hello], access: AccessRules())
    let client = try kit.client()
    await client.send("GET /hello HTTP/1.0\r\n\r\n")
    #expect(TestResponse(try #require(await client.receiveAll())).text == "hello")
  }
}
