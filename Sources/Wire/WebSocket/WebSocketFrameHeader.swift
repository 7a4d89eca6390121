/// The head of a frame from a client, judged as far as it can be without its payload.
///
/// - Standard: RFC 6455, section 5.2.
struct WebSocketFrameHeader {
  var opcode: WebSocketFrame.Opcode
  var isFinal: Bool
  var isCompressed: Bool
  /// Bytes of payload.
  var length: Int
  var mask: InlineArray<4, UInt8>
  /// Bytes of the head itself.
  var size: Int

  /// What the conversation allows a frame to be.
  struct Context {
    /// Whether permessage-deflate was agreed on.
    var mayCompress: Bool
    /// Whether a message has begun and not ended.
    var isInMessage: Bool
    /// Bytes the payload of a data frame may have.
    var room: Int
  }

  /// Reads a head from the front of the buffer without consuming it; nil while it is not whole.
  ///
  /// Each byte is judged as soon as it is there.
  static func read(
    _ buffer: ReceiveBuffer, _ context: Context
  ) throws(BrokenRule) -> WebSocketFrameHeader? {
    guard let first = buffer[0] else { return nil }
    guard let opcode = WebSocketFrame.Opcode(rawValue: first & 0x0f) else {
      throw BrokenRule(first & 0x70 == 0 ? .unknownOpcode : .reservedBits)
    }
    let isFinal = first & 0x80 != 0
    let isCompressed = first & 0x40 != 0
    try judge(opcode, isFinal: isFinal, reserved: first & 0x70, context)
    guard let second = buffer[1] else { return nil }
    guard second & 0x80 != 0 else { throw BrokenRule(.unmaskedFrame) }
    guard let (length, lengthSize) = try length(buffer, short: second & 0x7f, opcode) else {
      return nil
    }
    guard opcode.isControl || length <= context.room else { throw BrokenRule(.messageTooLarge) }
    let start = 2 + lengthSize
    guard let a = buffer[start], let b = buffer[start + 1], let c = buffer[start + 2],
      let d = buffer[start + 3]
    else { return nil }
    return WebSocketFrameHeader(
      opcode: opcode, isFinal: isFinal, isCompressed: isCompressed, length: length,
      mask: [a, b, c, d], size: start + 4)
  }

  /// The rules that the first byte alone can break.
  private static func judge(
    _ opcode: WebSocketFrame.Opcode, isFinal: Bool, reserved: UInt8, _ context: Context
  ) throws(BrokenRule) {
    guard reserved & 0x30 == 0, reserved == 0 || context.mayCompress else {
      throw BrokenRule(.reservedBits)
    }
    if opcode.isControl {
      guard reserved == 0 else { throw BrokenRule(.compressedControl) }
      guard isFinal else { throw BrokenRule(.fragmentedControl) }
    } else if opcode == .continuation {
      guard context.isInMessage else { throw BrokenRule(.unexpectedContinuation) }
      // Only the first frame of a message says that it is compressed.
      guard reserved == 0 else { throw BrokenRule(.reservedBits) }
    } else {
      guard !context.isInMessage else { throw BrokenRule(.interruptedMessage) }
    }
  }

  /// The payload's length in its shortest form, and the bytes that the long forms take.
  private static func length(
    _ buffer: ReceiveBuffer, short: UInt8, _ opcode: WebSocketFrame.Opcode
  ) throws(BrokenRule) -> (length: Int, size: Int)? {
    guard short > 125 else { return (Int(short), 0) }
    guard !opcode.isControl else { throw BrokenRule(.controlTooLong) }
    let size = short == 126 ? 2 : 8
    var length: UInt64 = 0
    for index in 0..<size {
      guard let byte = buffer[2 + index] else { return nil }
      if index == 0 && size == 8 && byte & 0x80 != 0 { throw BrokenRule(.hugeLength) }
      length = length << 8 | UInt64(byte)
    }
    guard length > (size == 2 ? 125 : 65_535) else { throw BrokenRule(.longLengthForm) }
    return (Int(length), size)
  }
}

extension WebSocketFrame.Opcode {
  /// Whether frames of this kind stand outside messages.
  var isControl: Bool { rawValue >= 8 }
}
