package import Loops
package import Sockets

extension ClientKey {
  /// The client at the other end of a connection: its address, whatever the port.
  ///
  /// Of an IPv6 address the first 64 bits count, since one machine has all the others to itself; an IPv4 address in IPv6
  /// form (`::ffff:192.0.2.1`) is the IPv4 address. All peers of Unix sockets are one client.
  package init(peer: SocketAddress) {
    switch peer {
    case .ipv4(let host, _): self.init(host)
    case .ipv6(let host, _): self.init(Self.network(host))
    case .unix: self.init("unix")
    }
  }

  private static func network(_ host: String) -> String {
    if let last = host.split(separator: ":").last, last.contains(".") { return String(last) }
    let zone = host.prefix { $0 != "%" }
    let halves = zone.split(separator: "::", maxSplits: 1, omittingEmptySubsequences: false)
    let head = halves.first?.split(separator: ":") ?? []
    let tail = halves.count > 1 ? halves[1].split(separator: ":") : []
    let zeros = repeatElement("0" as Substring, count: max(8 - head.count - tail.count, 0))
    return (head + zeros + tail).prefix(4).joined(separator: ":") + "::/64"
  }
}
