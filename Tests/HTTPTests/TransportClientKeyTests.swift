import HTTP
import Loops
import Sockets
import TestKit
import Testing

@Suite(.ownThreads) struct `A client's key` {
  @Test(arguments: [
    (SocketAddress.ipv4("192.0.2.1", port: 4711), "192.0.2.1"),
    (.ipv6("::ffff:192.0.2.1", port: 9), "192.0.2.1"),
    (.ipv6("2001:db8:1:2:3:4:5:6", port: 1), "2001:db8:1:2::/64"),
    (.ipv6("2001:db8:1:2::6", port: 1), "2001:db8:1:2::/64"),
    (.ipv6("2001:db8::6", port: 1), "2001:db8:0:0::/64"),
    (.ipv6("::1", port: 1), "0:0:0:0::/64"),
    (.ipv6("fe80::1%eth0", port: 1), "fe80:0:0:0::/64"),
    (.unix(path: ""), "unix"),
    (.unix(path: "/tmp/peer"), "unix"),
  ])
  func `is the address without the port`(peer: SocketAddress, name: String) {
    #expect(ClientKey(peer: peer).name == name)
  }
}
