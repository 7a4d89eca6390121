@testable import HTTP
import HTTPTypes
import TestKit
import Testing
import Wire

@Suite(.ownThreads) struct TransportRouterTests {
  private let router = Router([
    Self.route(.get, "/"),
    Self.route(.get, "/v1/runs"),
    Self.route(.post, "/v1/runs"),
    Self.route(.get, "/v1/runs/{id}"),
    Self.route(.delete, "/v1/runs/{id}"),
    Self.route(.get, "/v1/runs/{id}/events"),
    Self.route(.get, "/v1/runs/newest/events"),
    Self.route(.get, "/v1/runs/{id}/interventions/{iid}"),
    Self.route(.get, "/assets/{path...}"),
  ])

  private static func route(_ method: HTTPRequest.Method, _ pattern: String) -> Route {
    Route(method, pattern) { _ in .empty(.noContent) }
  }

  private func find(_ method: HTTPRequest.Method, _ path: String) -> String {
    let segments =
      path == "/"
      ? []
      : path.dropFirst().split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    switch router.match(method, segments) {
    case .found(let route, let parameters):
      let values = ["id", "iid", "path"].compactMap { parameters[$0] }
      return ([route.pattern] + values).joined(separator: " ")
    case .methodNotAllowed(let allow): return allow.map(\.rawValue).joined(separator: ", ")
    case .notFound: return "not found"
    }
  }

  @Test func `literal and named segments lead to their routes`() {
    #expect(find(.get, "/") == "/")
    #expect(find(.get, "/v1/runs") == "/v1/runs")
    #expect(find(.get, "/v1/runs/7") == "/v1/runs/{id} 7")
    #expect(find(.get, "/v1/runs/7/interventions/8") == "/v1/runs/{id}/interventions/{iid} 7 8")
    #expect(find(.get, "/assets/js/app.js") == "/assets/{path...} js/app.js")
  }

  @Test func `a literal wins, and the search goes back when it leads nowhere`() {
    #expect(find(.get, "/v1/runs/newest/events") == "/v1/runs/newest/events")
    #expect(find(.get, "/v1/runs/newest") == "/v1/runs/{id} newest")
  }

  @Test func `the wrong method is told the right ones`() {
    #expect(find(.put, "/v1/runs") == "GET, HEAD, OPTIONS, POST")
    #expect(find(.post, "/v1/runs/7") == "DELETE, GET, HEAD, OPTIONS")
  }

  @Test func `HEAD finds the route of GET`() {
    #expect(find(.head, "/v1/runs/7") == "/v1/runs/{id} 7")
  }

  @Test(arguments: ["/v1", "/v2/runs", "/v1/runs/", "/v1/runs/7/unknown", "/v1/runs/7/events/"])
  func `an unknown path is not found`(path: String) {
    #expect(find(.get, path) == "not found")
  }
}
