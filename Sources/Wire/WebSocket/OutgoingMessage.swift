/// A message to a WebSocket peer.
///
/// The bytes are shared by all who receive them.
package enum OutgoingMessage: Sendable, Equatable {
  /// UTF-8 text.
  case text([UInt8])
  /// UTF-8 text, already deflated (RFC 7692) for a peer that agreed to it.
  case deflatedText([UInt8])
  /// Binary.
  case binary([UInt8])
  /// Binary, already deflated for a peer that agreed to it; frames of tensors have a coding of their own.
  case deflatedBinary([UInt8])

  /// The payload on the wire.
  package var payload: [UInt8] {
    switch self {
    case .text(let bytes), .deflatedText(let bytes), .binary(let bytes),
      .deflatedBinary(let bytes):
      bytes
    }
  }

  /// What precedes the payload on the wire.
  package var envelope: [UInt8] {
    let (opcode, isCompressed): (WebSocketFrame.Opcode, Bool) =
      switch self {
      case .text: (.text, false)
      case .deflatedText: (.text, true)
      case .binary: (.binary, false)
      case .deflatedBinary: (.binary, true)
      }
    return WebSocketFrame.envelope(opcode, count: payload.count, isCompressed: isCompressed)
  }
}
