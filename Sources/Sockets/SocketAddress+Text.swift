extension SocketAddress {
  /// The addresses of `host:port`, `[v6]:port` or `unix:/path`; a name may have several.
  ///
  /// - Throws: `SocketError` with `.resolve` if the text or the name means no address.
  package static func resolve(_ text: String) throws(SocketError) -> [SocketAddress] {
    if let path = text.strippingPrefix("unix:") { return [.unix(path: path)] }
    guard let colon = text.lastIndex(of: ":"),
      let port = UInt16(text[text.index(after: colon)...])
    else { throw SocketError(.resolve, code: 0, address: text) }
    var host = text[..<colon]
    if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
    return try resolve(host: String(host), port: port)
  }

  /// The addresses of a host, numeric or a name, or of `unix:/path` (the port is then ignored).
  package static func resolve(
    host: String, port: UInt16
  ) throws(SocketError) -> [SocketAddress] {
    if let path = host.strippingPrefix("unix:") { return [.unix(path: path)] }
    if Fence.isIPv4(host) { return [.ipv4(host, port: port)] }
    if Fence.isIPv6(host) { return [.ipv6(host, port: port)] }
    return try Fence.resolve(host: host, port: port)
  }

  /// Whether only this machine can reach it.
  package var isLocal: Bool {
    switch self {
    case .ipv4(let host, _): host.hasPrefix("127.")
    case .ipv6(let host, _): host == "::1" || host.hasPrefix("::ffff:127.")
    case .unix: true
    }
  }
}

extension String {
  fileprivate func strippingPrefix(_ prefix: String) -> String? {
    hasPrefix(prefix) ? String(dropFirst(prefix.count)) : nil
  }
}
