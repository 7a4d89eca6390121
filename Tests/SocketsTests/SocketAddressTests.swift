import TestKit
import Testing

@testable import Sockets

@Suite(.ownThreads) struct SocketAddressTests {
  @Test func `texts of the three kinds are understood`() throws {
    #expect(try SocketAddress.resolve("127.0.0.1:8080") == [.ipv4("127.0.0.1", port: 8080)])
    #expect(try SocketAddress.resolve("[::1]:80") == [.ipv6("::1", port: 80)])
    #expect(try SocketAddress.resolve("unix:/tmp/a.sock") == [.unix(path: "/tmp/a.sock")])
    #expect(try SocketAddress.resolve(host: "::1", port: 1) == [.ipv6("::1", port: 1)])
  }

  @Test(arguments: ["", "localhost", "127.0.0.1:99999", "127.0.0.1:-1", "[::1]"])
  func `a text that means no address is refused`(text: String) {
    #expect(throws: SocketError.self) { try SocketAddress.resolve(text) }
  }

  @Test func `a name gives its addresses`() throws {
    let found = try SocketAddress.resolve(host: "localhost", port: 9)
    #expect(!found.isEmpty)
    #expect(found.allSatisfy { $0.isLocal && $0.port == 9 })
  }

  @Test func `an address reads as it was written`() {
    #expect(SocketAddress.ipv4("10.0.0.1", port: 1).description == "10.0.0.1:1")
    #expect(SocketAddress.ipv6("fe80::1", port: 2).description == "[fe80::1]:2")
    #expect(SocketAddress.unix(path: "/a").description == "unix:/a")
  }
}
