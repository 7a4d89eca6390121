package import Sockets
package import Wire

/// What may refuse a request for who sends it or how, before its handler is asked and before its body is read.
///
/// One file in `Guards/` and one line in `Guards.swift`. A guard is a value made once from the operator's rules; it is asked
/// on the connection's loop, so it neither waits nor takes long.
package protocol Guard: Sendable {
  /// Takes what it needs of the rules.
  init(_ rules: AccessRules)
  /// Why the request is not carried out, or nil; a guard that learns who sends it tells those behind it.
  func refusal(of visit: inout Visit) -> ErrorReply?
}

/// A request as guards see it: its head, and where it came in.
package struct Visit: Sendable {
  /// Method, target and fields.
  package var head: RequestHead
  /// The other end of the connection.
  package var remote: SocketAddress
  /// This end of the connection: the address that the peer has reached; nil where the system does not say.
  package var local: SocketAddress?
  /// Whether it came by TLS to this very process.
  package var isSecure: Bool
  /// Who will answer it, if anybody.
  package var route: Route?
  /// Who sends it, as far as is known.
  package var caller = Caller.anybody

  /// Describes a request.
  package init(
    _ head: RequestHead, route: Route?, remote: SocketAddress, local: SocketAddress?,
    isSecure: Bool = false
  ) {
    self.head = head
    self.route = route
    self.remote = remote
    self.local = local
    self.isSecure = isSecure
  }
}

/// Whom the operator lets in.
package struct AccessRules: Sendable {
  /// What this server may be called.
  package var hosts: HostNames
  /// Which pages of other origins may use it.
  package var crossOrigin: CrossOrigin
  /// Who may do what.
  package var keys: KeyRing

  /// Describes rules; by default those of a server for its own machine.
  package init(
    hosts: HostNames = HostNames(), crossOrigin: CrossOrigin = CrossOrigin(),
    keys: KeyRing = .none
  ) {
    self.hosts = hosts
    self.crossOrigin = crossOrigin
    self.keys = keys
  }
}
