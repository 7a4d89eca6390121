/// What a handshake agreed on about compressing messages; neither side ever keeps a window between messages.
///
/// Without that memory a message is compressed once for all viewers, and an idle connection costs nothing.
/// - Standard: RFC 7692, section 7.
package struct PermessageDeflate: Hashable, Sendable {
  /// The largest window of messages we send, as the power of two the peer asked for (8…15).
  package var serverWindowBits: Int
  /// The value of `Sec-WebSocket-Extensions` in the answer.
  package var responseValue: String

  /// Accepts the first acceptable of the offers in `Sec-WebSocket-Extensions`; nil when there is none.
  package init?(offers values: [String]) {
    let offers = values.flatMap { ExtensionOffer.list($0) ?? [] }
    for offer in offers where offer.name == "permessage-deflate" {
      guard let window = Self.window(of: offer) else { continue }
      serverWindowBits = window.bits
      responseValue = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
      if window.isAsked { responseValue += "; server_max_window_bits=\(window.bits)" }
      return
    }
    return nil
  }

  /// The window an offer asks of us; nil when it has an unknown, repeated or impossible parameter.
  private static func window(of offer: ExtensionOffer) -> (bits: Int, isAsked: Bool)? {
    var asked: Int?
    var seen: Set<String> = []
    for parameter in offer.parameters {
      guard seen.insert(parameter.name).inserted else { return nil }
      switch parameter.name {
      case "server_no_context_takeover", "client_no_context_takeover":
        guard parameter.value == nil else { return nil }
      case "client_max_window_bits":
        guard parameter.value == nil || bits(parameter.value) != nil else { return nil }
      case "server_max_window_bits":
        guard let bits = bits(parameter.value) else { return nil }
        asked = bits
      default: return nil
      }
    }
    return (asked ?? 15, asked != nil)
  }

  private static func bits(_ value: String?) -> Int? {
    guard let value, value.first != "0", let bits = Grammar.decimal(value.utf8),
      (8...15).contains(bits)
    else { return nil }
    return bits
  }
}
