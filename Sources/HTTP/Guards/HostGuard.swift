import Wire

/// Refuses requests that call this server by a name that is not one of its own.
///
/// A stranger's page can have its name lead to this machine (DNS rebinding). To the browser the server is then of that
/// page's own origin, so no rule of cross-origin requests holds; but every request still says the stranger's name.
///
/// - Standard: RFC 9110, section 7.4 (rejecting misdirected requests).
struct HostGuard: Guard {
  private let hosts: HostNames

  init(_ rules: AccessRules) { hosts = rules.hosts }

  func refusal(of visit: inout Visit) -> ErrorReply? {
    // A target in absolute form speaks for itself; its `Host` must not say something else either.
    let names = [visit.head.authority] + visit.head.hosts
    for case let name? in names where !hosts.admits(name, local: visit.local) {
      return .foreignHost(name, known: hosts.listed)
    }
    return nil
  }
}
