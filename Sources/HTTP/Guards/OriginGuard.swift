import HTTPTypes
import Wire

/// Refuses requests of other origins' pages that change something, and their WebSockets, which CORS does not cover.
struct OriginGuard: Guard {
  private let rules: CrossOrigin

  init(_ rules: AccessRules) { self.rules = rules.crossOrigin }

  func refusal(of visit: inout Visit) -> ErrorReply? {
    let isUpgrade = !visit.head.upgrades.isEmpty
    guard rules.refuses(visit.head, isUpgrade: isUpgrade, isSecure: visit.isSecure) else {
      return nil
    }
    return .foreignOrigin(visit.head.fields[.origin] ?? "")
  }
}
