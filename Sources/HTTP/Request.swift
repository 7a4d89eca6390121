package import HTTPTypes
package import Sockets
package import Wire

/// One HTTP request, whole: its checked head, its collected body, and how it was routed.
///
/// A handler sees a request only after the machine has accepted all of it, so everything here is
/// well-formed and within the limits. The task that runs the handler is cancelled as soon as the
/// peer is known to have gone, so a handler that waits for a run cancels it in the ordinary way.
package struct Request: Sendable {
  /// The name of this request in replies, errors and logs (`X-Request-Id`).
  package var id: String
  /// Method, decoded target, fields and authority.
  package var head: RequestHead
  /// The pattern of the route that was found, such as `/v1/runs/{id}`.
  package var pattern: String
  /// What its answer is to tell besides.
  package let remarks = RequestRemarks()
  /// The values of the `{names}` in the route's pattern, percent-decoded.
  package var parameters: PathParameters
  /// The body, with a content coding already undone (within the inflation limit).
  package var body: [UInt8]
  /// Whether it came by TLS to this very process.
  package var isSecure: Bool
  /// The other end of the connection.
  package var remote: SocketAddress

  /// Collects the parts; the transport makes requests, and so do tests of handlers.
  package init(
    id: String, head: RequestHead, parameters: PathParameters = PathParameters(),
    body: [UInt8] = [], remote: SocketAddress = .unix(path: ""), pattern: String = "",
    isSecure: Bool = false
  ) {
    self.pattern = pattern
    self.id = id
    self.head = head
    self.parameters = parameters
    self.body = body
    self.remote = remote
    self.isSecure = isSecure
  }

  /// The method as sent; a `HEAD` request reaches the handler of the matching `GET` route.
  package var method: HTTPRequest.Method { head.method }
  /// The decoded segments of the path.
  package var segments: [String] { head.target.segments }
  /// The header fields.
  package var fields: HTTPFields { head.fields }

  /// The first value of a name in the query; nil if the name is absent.
  package func query(_ name: String) -> String? { head.target.first(name) }
}
