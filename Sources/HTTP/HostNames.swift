internal import HTTPTypes
package import Sockets
internal import Wire

/// What a server may be called in `Host`: the names of the loopback, the address that the peer has reached, and those that
/// the operator allows.
///
/// Only names count, not ports: a port may be forwarded.
package struct HostNames: Sendable, Equatable {
  /// The operator's, in lower case and without ports; `*` allows every name.
  private let allowed: Set<String>

  /// Names besides those of the loopback, such as `models.example.org`; `*` for every name.
  package init(allowed: [String] = []) {
    self.allowed = Set(allowed.map { Self.name(of: $0) })
  }

  /// Every name.
  package static let any = HostNames(allowed: ["*"])

  /// What to tell those who use another name.
  var listed: [String] { ["localhost", "127.0.0.1", "[::1]"] + allowed.sorted() }

  /// Whether an authority (`name`, `name:port`, `[v6]:port`) names this server.
  ///
  /// - Parameter local: the address of this end of the connection. An address cannot be rebound, so whoever types it means it.
  package func admits(_ authority: String, local: SocketAddress? = nil) -> Bool {
    if allowed.contains("*") { return true }
    let name = Self.name(of: authority)
    if allowed.contains(name) || Self.isLoopback(name) { return true }
    switch local {
    case .ipv4(let host, _): return name == host
    case .ipv6(let host, _):
      // A peer of IPv4 at a socket of IPv6 has called the address as it is without the prefix.
      let mapped = "::ffff:"
      return name == host || (host.hasPrefix(mapped) && name == host.dropFirst(mapped.count))
    case .unix, nil: return false
    }
  }

  /// The name alone, in lower case, without brackets, port and the dot of a full name.
  private static func name(of authority: String) -> String {
    let text = authority.lowercased()
    if text.hasPrefix("["), let end = text.firstIndex(of: "]") {
      return String(text[text.index(after: text.startIndex)..<end])
    }
    // More than one colon is an address of IPv6 that an operator typed without brackets.
    let colons = text.utf8.count { $0 == UInt8(ascii: ":") }
    let name = colons == 1 ? text.prefix { $0 != ":" } : text[...]
    return String(name.hasSuffix(".") ? name.dropLast() : name)
  }

  /// Names that lead to the machine they are used on, whoever answers for names (RFC 6761, section 6.3), and the addresses
  /// without a place, which do too.
  private static func isLoopback(_ name: String) -> Bool {
    if ["localhost", "::1", "0.0.0.0", "::"].contains(name) || name.hasSuffix(".localhost") {
      return true
    }
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    let isAddress =
      parts.count == 4
      && parts.allSatisfy {
        (1...3).contains($0.utf8.count) && $0.allSatisfy(\.isNumber) && UInt8($0) != nil
      }
    return isAddress && parts.first == "127"
  }
}

extension RequestHead {
  /// The values of `Host`.
  var hosts: [String] { fields.filter { $0.name.canonicalName == "host" }.map(\.value) }
}
