package import HTTPTypes

/// Finds who answers a path and method: a frozen tree of path segments.
///
/// A literal segment wins over `{name}`, and `{name}` over `{name...}`, whatever the order of the
/// list; the search goes back when the more literal branch does not lead to a route.
package struct Router: Sendable {
  /// What a look-up found.
  package enum Match: Sendable {
    /// A route, and the values of the names in its pattern.
    case found(Route, PathParameters)
    /// The path exists, but not with this method; these do (`Allow`).
    case methodNotAllowed(allow: [HTTPRequest.Method])
    /// No route has this path.
    case notFound

    /// The route, if one was found.
    package var route: Route? {
      if case .found(let route, _) = self { route } else { nil }
    }
  }

  private struct Node: Sendable {
    var literals: [String: Int] = [:]
    var wildcard: Int?
    var rest: Int?
    /// The routes that end here, with the names of their wildcards from left to right.
    var routes: [(route: Route, names: [String])] = []
  }

  private var nodes: [Node] = [Node()]

  /// Freezes a list of routes.
  ///
  /// Of two routes with the same method and pattern the first one wins.
  package init(_ routes: [Route]) {
    for route in routes { insert(route) }
  }

  private mutating func insert(_ route: Route) {
    var index = 0
    var names: [String] = []
    for part in route.pattern.split(separator: "/", omittingEmptySubsequences: false).dropFirst() {
      if part.isEmpty, route.pattern == "/" { break }
      guard part.hasPrefix("{"), part.hasSuffix("}") else {
        index = literal(String(part), below: index)
        continue
      }
      let name = part.dropFirst().dropLast()
      if name.hasSuffix("...") {
        names.append(String(name.dropLast(3)))
        index = branch(\.rest, below: index)
      } else {
        names.append(String(name))
        index = branch(\.wildcard, below: index)
      }
    }
    nodes[index].routes.append((route: route, names: names))
  }

  private mutating func literal(_ part: String, below index: Int) -> Int {
    if let next = nodes[index].literals[part] { return next }
    nodes.append(Node())
    nodes[index].literals[part] = nodes.count - 1
    return nodes.count - 1
  }

  private mutating func branch(
    _ kind: WritableKeyPath<Node, Int?>, below index: Int
  ) -> Int {
    if let next = nodes[index][keyPath: kind] { return next }
    nodes.append(Node())
    nodes[index][keyPath: kind] = nodes.count - 1
    return nodes.count - 1
  }

  /// Looks up what somebody meant: a path that is nothing but for doubled slashes, or one at its end, is the same path
  /// without them.
  package func find(_ method: HTTPRequest.Method, _ segments: [String]) -> Match {
    let match = match(method, segments)
    guard case .notFound = match, segments.contains("") else { return match }
    return self.match(method, segments.filter { !$0.isEmpty })
  }

  /// Looks a decoded path up.
  ///
  /// `HEAD` finds the `GET` route when it has none of its own.
  package func match(_ method: HTTPRequest.Method, _ segments: [String]) -> Match {
    var allowed: Set<HTTPRequest.Method> = []
    if let found = search(method, segments[...], node: 0, values: [], allowed: &allowed) {
      return found
    }
    guard !allowed.isEmpty else { return .notFound }
    if allowed.contains(.get) { allowed.insert(.head) }
    allowed.insert(.options)
    return .methodNotAllowed(allow: allowed.sorted { $0.rawValue < $1.rawValue })
  }

  private func search(
    _ method: HTTPRequest.Method, _ rest: ArraySlice<String>, node index: Int, values: [String],
    allowed: inout Set<HTTPRequest.Method>
  ) -> Match? {
    let node = nodes[index]
    guard let segment = rest.first else {
      return choose(method, at: node, values: values, allowed: &allowed)
    }
    if let next = node.literals[segment],
      let match = search(method, rest.dropFirst(), node: next, values: values, allowed: &allowed)
    {
      return match
    }
    if let next = node.wildcard, !segment.isEmpty,
      let match = search(
        method, rest.dropFirst(), node: next, values: values + [segment], allowed: &allowed)
    {
      return match
    }
    guard let next = node.rest else { return nil }
    let tail = rest.joined(separator: "/")
    return choose(method, at: nodes[next], values: values + [tail], allowed: &allowed)
  }

  private func choose(
    _ method: HTTPRequest.Method, at node: Node, values: [String],
    allowed: inout Set<HTTPRequest.Method>
  ) -> Match? {
    let routes = node.routes
    allowed.formUnion(routes.map(\.route.method))
    let own = routes.first { $0.route.method == method }
    let asGet = method == .head ? routes.first { $0.route.method == .get } : nil
    guard let (route, names) = own ?? asGet else { return nil }
    var parameters = PathParameters()
    for (name, value) in zip(names, values) { parameters.set(name, to: value) }
    return .found(route, parameters)
  }
}
