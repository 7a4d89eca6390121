internal import JSON

/// A member of one of OpenAI's request schemas, and what becomes of it here.
///
/// Every member is implemented, or refused by name; none that would change the answer is ignored.
struct OpenAIMember: Sendable {
  enum Use: Sendable {
    /// The endpoint does what it says.
    case implemented
    /// Accepted, since it asks for nothing that the answer would show: why.
    case aside(String)
    /// Refused, unless it asks for what is done anyway: why, and those values.
    case refused(String, unless: [JSONValue])
  }

  let name: String
  let use: Use

  init(_ name: String, _ use: Use = .implemented) {
    self.name = name
    self.use = use
  }

  static func refused(
    _ name: String, _ reason: String, unless neutral: [JSONValue] = []
  ) -> OpenAIMember {
    OpenAIMember(name, .refused(reason, unless: neutral))
  }

  static func aside(_ name: String, _ reason: String) -> OpenAIMember {
    OpenAIMember(name, .aside(reason))
  }
}

extension Fields {
  /// Refuses what OpenAI's schema has and this server has not.
  ///
  /// A name with a dot is a member of a member.
  func refuseUnimplemented(_ table: [OpenAIMember]) throws(Refusal) {
    for member in table {
      guard case .refused(let reason, let neutral) = member.use else { continue }
      var found: JSONValue? = value
      for part in member.name.split(separator: ".") { found = found?[present: String(part)] }
      guard let found, !neutral.contains(found) else { continue }
      throw .notImplemented(field: member.name, found: found.kind, reason: reason)
    }
  }
}
