package import HTTPTypes

/// Answers a request.
///
/// It runs as its own task off the connection's loop, so parsing or writing a large body stalls no
/// other connection. The task is cancelled when the peer goes.
package typealias Handler = @Sendable (Request) async -> Reply

/// One line of the route list: a method, a pattern and who answers.
package struct Route: Sendable {
  /// The method; a `GET` route also answers `HEAD`.
  package let method: HTTPRequest.Method
  /// The pattern: literal segments, `{name}` for one segment, `{name...}` for all the rest.
  package let pattern: String
  /// What a key must allow, where keys are needed.
  package let need: Need
  /// Who answers.
  package let handler: Handler

  /// What a request must show.
  package enum Need: Sendable, Hashable {
    /// Nothing: what it answers is anybody's.
    case open
    /// A key of this scope.
    case scope(Scope)
  }

  /// Describes a route; one that says nothing of its need is for administrators alone.
  ///
  /// Such as `Route(.get, "/v1/runs/{id}/events") { request in … }`.
  package init(
    _ method: HTTPRequest.Method, _ pattern: String, needs need: Need = .scope(.admin),
    handler: @escaping Handler
  ) {
    self.method = method
    self.pattern = pattern
    self.need = need
    self.handler = handler
  }
}
