package import Loops
internal import Traces
internal import Tracing

/// On whose behalf a request is carried out, and what that one may do.
///
/// Found in ``current`` by whatever is done for the request, since tasks inherit it.
package struct Caller: Sendable, Hashable {
  /// The key's name; nil where the server has no keys, and for work of the program itself.
  package let name: String?
  /// What it may do.
  package let scopes: Set<Scope>
  /// What it has taken of what it may have; nil where no key says.
  package let allowance: ClientAllowance?

  /// Describes a caller.
  package init(name: String?, scopes: Set<Scope>, allowance: ClientAllowance? = nil) {
    self.allowance = allowance
    self.name = name
    self.scopes = scopes
  }

  /// Everybody, where there are no keys.
  package static let anybody = Caller(name: nil, scopes: Set(Scope.allCases))
  /// Who has shown no key where there are some.
  package static let nobody = Caller(name: nil, scopes: [])

  /// Whether it may do what a scope allows.
  package func may(_ scope: Scope) -> Bool { scopes.contains(scope) || scopes.contains(.admin) }

  /// Whether something of a client's may be seen: its own, what is no key's, or everything as an administrator.
  package func sees(_ owner: ClientKey?) -> Bool {
    guard let owner, owner.name.hasPrefix("key "), owner != client else { return true }
    return may(.admin)
  }

  /// Whether something may be seen that a key of some name has kept; what no key has kept may be seen by everybody.
  package func sees(key: String?) -> Bool { key == nil || owns(key: key) }

  /// Whether something of a key is its own, or an administrator's to change.
  package func owns(key: String?) -> Bool { may(.admin) || (key != nil && key == name) }

  /// Its share of everything; nil where it is not known by a key.
  package var client: ClientKey? { name.map { ClientKey("key \($0)") } }

  /// What another request of it may take.
  package var grant: ClientGrant? { allowance.map { ClientGrant($0) } }

  /// Does something on its behalf.
  ///
  /// - Parameter span: what it belongs to, where it is traced.
  func working<Result: Sendable>(
    as client: ClientKey, tracedBy span: TracedSpan? = nil,
    _ work: @Sendable () async throws -> Result
  ) async rethrows -> Result {
    guard let span else { return try await working(for: client, work) }
    return try await ServiceContext.$current.withValue(span.context) {
      try await working(for: client, work)
    }
  }

  private func working<Result: Sendable>(
    for client: ClientKey, _ work: @Sendable () async throws -> Result
  ) async rethrows -> Result {
    try await ClientKey.$current.withValue(client) {
      try await ClientGrant.$current.withValue(grant) {
        try await Self.$current.withValue(self) { try await work() }
      }
    }
  }

  /// The caller that the task under way works for.
  @TaskLocal package static var current = Caller.anybody
}
