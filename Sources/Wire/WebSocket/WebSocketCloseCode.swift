/// The reason number of a close frame.
///
/// - Standard: RFC 6455, section 7.4.
package struct WebSocketCloseCode: RawRepresentable, Hashable, Sendable {
  package let rawValue: UInt16

  package init(rawValue: UInt16) { self.rawValue = rawValue }

  /// 1000: the purpose is fulfilled.
  package static let normal = Self(rawValue: 1000)
  /// 1001: the server goes down, or the page is left.
  package static let goingAway = Self(rawValue: 1001)
  /// 1002: a rule of the protocol was broken.
  package static let protocolError = Self(rawValue: 1002)
  /// 1003: a kind of data that is not accepted.
  package static let unsupportedData = Self(rawValue: 1003)
  /// 1007: text that is not UTF-8, or data that does not inflate.
  package static let invalidPayload = Self(rawValue: 1007)
  /// 1008: a policy was violated.
  package static let policyViolation = Self(rawValue: 1008)
  /// 1009: a message over the limit.
  package static let messageTooBig = Self(rawValue: 1009)
  /// 1011: the server failed.
  package static let internalError = Self(rawValue: 1011)
  /// 1013: try again later (the viewer was too slow, or the server is full).
  package static let tryAgainLater = Self(rawValue: 1013)

  /// Whether a peer may send this code: 1000–1003, 1007–1014 and 3000–4999.
  package var mayBeSent: Bool {
    switch rawValue {
    case 1000...1003, 1007...1014, 3000...4999: true
    default: false
    }
  }
}
