/// Where a socket listens, or where a peer is.
///
/// Text forms: `127.0.0.1:8080`, `[::1]:8080`, `unix:/run/neuroscope.sock`.
package enum SocketAddress: Sendable, Hashable, CustomStringConvertible {
  /// An IPv4 address in dotted decimal and a port.
  case ipv4(String, port: UInt16)
  /// An IPv6 address without brackets and a port.
  case ipv6(String, port: UInt16)
  /// A Unix stream socket at a path; the path is empty for an unnamed peer.
  case unix(path: String)

  /// The port, or nil for a Unix socket.
  package var port: UInt16? {
    switch self {
    case .ipv4(_, let port), .ipv6(_, let port): port
    case .unix: nil
    }
  }

  package var description: String {
    switch self {
    case .ipv4(let host, let port): "\(host):\(port)"
    case .ipv6(let host, let port): "[\(host)]:\(port)"
    case .unix(let path): "unix:\(path)"
    }
  }
}
