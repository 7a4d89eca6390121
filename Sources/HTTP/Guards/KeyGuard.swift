import HTTPTypes
import Wire

/// Refuses requests without a key that allows what their route does.
///
/// A key is shown as `Authorization: Bearer`, by the cookie of a browser that has logged in, or as a ticket in the query of a
/// `GET`, for what browsers open without fields of their own (EventSource, WebSocket). Where keys are needed, every route
/// needs one, but for those that are open by their own word.
struct KeyGuard: Guard {
  private let ring: KeyRing

  init(_ rules: AccessRules) { ring = rules.keys }

  func refusal(of visit: inout Visit) -> ErrorReply? {
    guard ring.isNeeded else { return nil }
    let shown = Credential(visit.head, isSecure: visit.isSecure)
    let caller = shown.flatMap { $0.caller(in: ring) }
    visit.caller = caller ?? .nobody
    // What a browser asks before it asks carries no key, and is answered without anybody's help.
    if visit.head.method == .options { return nil }
    if case .open? = visit.route?.need { return nil }
    guard let caller else { return shown == nil ? .keyRequired : .keyUnknown }
    guard case .scope(let scope)? = visit.route?.need, !caller.may(scope) else { return nil }
    return .scopeMissing(scope, caller: caller)
  }
}

/// What a request shows to be let in.
enum Credential: Equatable {
  case bearer(String)
  case session(String)
  case ticket(String)

  /// Takes the first that is there, in the order of the cases.
  init?(_ head: RequestHead, isSecure: Bool = false) {
    if let field = head.fields[.authorization] {
      let parts = field.split(separator: " ", maxSplits: 1)
      let isBearer = parts.count == 2 && parts.first?.lowercased() == "bearer"
      self = .bearer(isBearer ? String(parts.last ?? "") : "")
    } else if head.method == .get, let ticket = head.target.first("ticket") {
      self = .ticket(ticket)
    } else if Self.isOwnPage(head, isSecure), let session = SessionCookie.value(of: head) {
      self = .session(session)
    } else {
      return nil
    }
  }

  func caller(in ring: KeyRing) -> Caller? {
    switch self {
    case .bearer(let secret): ring.caller(secret: secret)
    case .session(let session): ring.caller(session: session)
    case .ticket(let ticket): ring.caller(ticket: ticket)
    }
  }

  /// Whether a page of this very origin asks, or nobody's page.
  ///
  /// To a browser every port of a host is the same site, so `SameSite` keeps the cookie from strangers, but not from what else
  /// runs on this machine.
  private static func isOwnPage(_ head: RequestHead, _ isSecure: Bool) -> Bool {
    if let site = head.fields[further: .fetchSite], site != "same-origin", site != "none" {
      return false
    }
    guard let origin = head.fields[.origin] else { return true }
    let host = origin.split(separator: "/").last?.lowercased()
    guard !isSecure || origin.lowercased().hasPrefix("https://") else { return false }
    return origin.contains("://") && host == head.authority?.lowercased()
  }
}
