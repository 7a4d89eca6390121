package import HTTPTypes
package import Wire

/// Which pages of other origins may use this server.
///
/// A server on this machine is reachable from any page the user visits. By default only pages that
/// this machine serves are let in; reading answers is for browsers to guard (CORS), but requests that
/// change something, and WebSockets, which CORS does not cover, are refused here.
///
/// - Standard: the Fetch standard, "HTTP CORS protocol".
package struct CrossOrigin: Sendable, Equatable {
  /// Origins that are let in besides those of this machine, such as `https://example.org`; `*`: all.
  package var allowed: Set<String>

  /// Lets in pages of this machine, and the given origins.
  package init(allowed: Set<String> = []) {
    self.allowed = allowed
  }

  /// Whether pages of an origin may use the server.
  ///
  /// - Parameters:
  ///   - authority: what the request calls this server; its own pages are always let in.
  ///   - isSecure: the request came by TLS, so that no page without it is the server's own.
  package func admits(_ origin: String, authority: String?, isSecure: Bool = false) -> Bool {
    if allowed.contains("*") || allowed.contains(origin) { return true }
    let lowered = origin.lowercased()
    for scheme in ["http://", "https://"] where lowered.hasPrefix(scheme) {
      let host = lowered.dropFirst(scheme.count)
      let mayBeOwn = !isSecure || scheme == "https://"
      if mayBeOwn, host == authority?.lowercased() ?? "" { return true }
      if Self.isLocal(host) { return true }
    }
    return false
  }

  private static func isLocal(_ authority: Substring) -> Bool {
    for name in ["localhost", "127.0.0.1", "[::1]"] where authority.hasPrefix(name) {
      let rest = authority.dropFirst(name.count)
      if rest.isEmpty { return true }
      if rest.first == ":", rest.dropFirst().allSatisfy(\.isNumber) { return true }
    }
    return false
  }

  /// Whether a request has to be refused for where it comes from.
  package func refuses(
    _ head: RequestHead, isUpgrade: Bool, isSecure: Bool = false
  ) -> Bool {
    guard let origin = head.fields[.origin] else { return false }
    let isSafe = [.get, .head, .options].contains(head.method)
    return (!isSafe || isUpgrade)
      && !admits(origin, authority: head.authority, isSecure: isSecure)
  }

  /// The fields that let a page read an answer; none for requests that no page sent.
  package func fields(for head: RequestHead, isSecure: Bool = false) -> HTTPFields {
    guard let origin = head.fields[.origin] else { return [:] }
    guard admits(origin, authority: head.authority, isSecure: isSecure) else {
      return [.vary: "Origin"]
    }
    return [
      .accessControlAllowOrigin: origin,
      .accessControlExposeHeaders:
        "X-NeuroScope-Run, X-NeuroScope-Warnings, X-Request-Id, traceparent",
      .vary: "Origin",
    ]
  }

  /// The answer to a preflight: nil if the request is not one, or comes from elsewhere.
  package func preflight(
    _ head: RequestHead, allow: [HTTPRequest.Method], isSecure: Bool = false
  ) -> HTTPFields? {
    guard head.method == .options, let origin = head.fields[.origin],
      head.fields[.accessControlRequestMethod] != nil,
      admits(origin, authority: head.authority, isSecure: isSecure)
    else { return nil }
    var fields = self.fields(for: head, isSecure: isSecure)
    fields[.accessControlAllowMethods] = allow.map(\.rawValue).joined(separator: ", ")
    fields[.accessControlAllowHeaders] =
      head.fields[.accessControlRequestHeaders] ?? "Content-Type"
    fields[.accessControlMaxAge] = "600"
    // A page of a public address asks a private one: Chrome wants this said (Private Network Access).
    if head.fields[further: .requestPrivateNetwork] == "true" {
      fields[further: .allowPrivateNetwork] = "true"
    }
    return fields
  }
}
