internal import Foundation

/// Where spans are sent: the base address of a collector that takes OTLP over HTTP.
package struct CollectorAddress: Sendable, Hashable, CustomStringConvertible {
  /// The address as it was given, without slashes at its end.
  package let description: String
  /// Where traces go.
  let traces: URL

  /// Reads an address such as `http://127.0.0.1:4318`.
  ///
  /// - Returns: nil where it is none of http or https with a host, or has a name and password, a query or a fragment.
  package init?(_ text: String) {
    let base = String(text.reversed().drop { $0 == "/" }.reversed())
    guard text.utf8.allSatisfy({ (0x21...0x7e).contains($0) }),
      let parts = URLComponents(string: base), let scheme = parts.scheme?.lowercased(),
      ["http", "https"].contains(scheme), parts.host?.isEmpty == false, parts.user == nil,
      parts.password == nil, parts.query == nil, parts.fragment == nil,
      parts.port.map({ (1...65535).contains($0) }) ?? true,
      let traces = URL(string: base + "/v1/traces")
    else { return nil }
    description = base
    self.traces = traces
  }

  package static func == (one: CollectorAddress, other: CollectorAddress) -> Bool {
    one.description == other.description
  }

  package func hash(into hasher: inout Hasher) { hasher.combine(description) }
}
