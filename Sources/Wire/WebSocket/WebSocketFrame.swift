/// The server's frames as bytes: never masked, and for data only the envelope, so that a payload is shared
/// between viewers and written by `writev`.
///
/// - Standard: RFC 6455, section 5.2.
package enum WebSocketFrame {
  /// The kinds of frames.
  package enum Opcode: UInt8, Hashable, Sendable {
    case continuation = 0
    case text = 1
    case binary = 2
    case close = 8
    case ping = 9
    case pong = 10
  }

  /// The two to ten bytes before a payload of `count` bytes.
  package static func envelope(
    _ opcode: Opcode, count: Int, isFinal: Bool = true, isCompressed: Bool = false
  ) -> [UInt8] {
    let first = (isFinal ? 0x80 : 0) | (isCompressed ? 0x40 : 0) | opcode.rawValue
    switch count {
    case ..<126: return [first, UInt8(max(0, count))]
    case ..<65_536: return [first, 126, UInt8(count >> 8), UInt8(count & 0xff)]
    default:
      return [first, 127] + (0..<8).map { UInt8(truncatingIfNeeded: count >> (56 - 8 * $0)) }
    }
  }

  /// A close frame; a reason over 123 bytes is cut at a character.
  package static func close(_ code: WebSocketCloseCode?, reason: String = "") -> [UInt8] {
    guard let code else { return envelope(.close, count: 0) }
    var text: [UInt8] = []
    for character in reason {
      let bytes = Array(character.utf8)
      guard text.count + bytes.count <= 123 else { break }
      text += bytes
    }
    return envelope(.close, count: text.count + 2)
      + [UInt8(code.rawValue >> 8), UInt8(code.rawValue & 0xff)] + text
  }

  /// A ping; the payload is cut to 125 bytes.
  package static func ping(_ payload: [UInt8] = []) -> [UInt8] { control(.ping, payload) }

  /// The answer to a ping; the payload is cut to 125 bytes.
  package static func pong(_ payload: [UInt8]) -> [UInt8] { control(.pong, payload) }

  private static func control(_ opcode: Opcode, _ payload: [UInt8]) -> [UInt8] {
    let body = payload.prefix(125)
    return envelope(opcode, count: body.count) + body
  }
}
