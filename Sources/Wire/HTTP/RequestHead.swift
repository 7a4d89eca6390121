package import HTTPTypes

/// Everything a request says before its body, checked.
package struct RequestHead: Hashable, Sendable {
  /// The method: any token, known here or not.
  package var method: HTTPRequest.Method

  /// What is asked for.
  package var target: RequestTarget

  /// The minor version of HTTP/1: 0, or 1 for everything later.
  package var minorVersion: Int

  /// The field lines in order, with their spelling; values are free of surrounding blanks.
  package var fields: HTTPFields

  /// How the body is delimited.
  package var framing: BodyFraming

  /// Whether the connection may carry another request after this one (RFC 9112, section 9.3).
  package var keepsAlive: Bool

  /// Whether the peer waits for `100 Continue` before it sends the body.
  package var expectsContinue: Bool

  /// The protocols the peer would switch to, in its order and spelling; empty unless `Connection` lists `upgrade`.
  package var upgrades: [String]

  /// The scheme-less authority: of an absolute target, else of `Host`; nil in HTTP/1.0 without either.
  package var authority: String?

  /// Collects the parts; used by the machine and by tests of what lies above it.
  package init(
    method: HTTPRequest.Method, target: RequestTarget, minorVersion: Int = 1,
    fields: HTTPFields = [:], framing: BodyFraming = .none, keepsAlive: Bool = true,
    expectsContinue: Bool = false, upgrades: [String] = [], authority: String? = nil
  ) {
    self.method = method
    self.target = target
    self.minorVersion = minorVersion
    self.fields = fields
    self.framing = framing
    self.keepsAlive = keepsAlive
    self.expectsContinue = expectsContinue
    self.upgrades = upgrades
    self.authority = authority
  }
}

/// How the end of a request's body is known (RFC 9112, section 6.3).
package enum BodyFraming: Hashable, Sendable {
  /// There is no body.
  case none
  /// Exactly this many bytes, at least one.
  case length(Int)
  /// Chunks, then trailers.
  case chunked
}
