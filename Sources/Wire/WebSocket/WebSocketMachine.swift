internal import Compression

/// The server's side of one WebSocket conversation after the handshake, as a value over bytes.
///
/// Messages come out whole: fragments are joined, compressed ones inflated, text checked byte for byte as it
/// arrives, so that bad text fails inside its frame and not at the end of its message. Every length is
/// checked before its bytes are stored. There is no socket, clock or log in here.
///
/// A copy shares the state of the inflater with its original: keep one value per conversation.
/// - Standard: RFC 6455, RFC 7692.
package struct WebSocketMachine {
  package let limits: WebSocketLimits
  private let deflate: PermessageDeflate?
  private var buffer = ReceiveBuffer()
  private var frame: Frame?
  private var message: Message?
  private var control: [UInt8] = []
  /// Made when the first compressed message comes; most peers never send one.
  private var inflater: Inflater?
  private var failure: ProtocolViolation?
  private var isOver = false
  private var peerEnded = false

  /// A frame whose payload is being read.
  private struct Frame {
    var header: WebSocketFrameHeader
    var read = 0
    var remaining: Int { header.length - read }
  }

  /// A message whose frames are being joined.
  private struct Message {
    var isText: Bool
    var isCompressed: Bool
    var fragments = 0
    /// Bytes of all its frames, as sent.
    var received = 0
    var bytes: [UInt8] = []
    var text = UTF8Validator()
  }

  /// Begins a conversation.
  ///
  /// - Parameter deflate: what the handshake agreed on; nil without permessage-deflate.
  package init(limits: WebSocketLimits = .standard, deflate: PermessageDeflate? = nil) {
    self.limits = limits
    self.deflate = deflate
  }

  /// Stores bytes from the peer.
  package mutating func receive(_ bytes: UnsafeRawBufferPointer) {
    guard failure == nil, !isOver else { return }
    buffer.append(bytes)
  }

  /// Stores bytes from the peer.
  package mutating func receive(_ bytes: [UInt8]) {
    bytes.withUnsafeBytes { receive($0) }
  }

  /// Notes that the peer will send nothing more.
  package mutating func receiveEnd() { peerEnded = true }

  /// The next fact in the received bytes.
  ///
  /// - Throws: the violation that ended the conversation; answer with a close frame of its `closeCode`.
  ///   Thrown again on every later call.
  package mutating func next() throws(ProtocolViolation) -> WebSocketEvent {
    if let failure { throw failure }
    if isOver { return .finished }
    do throws(BrokenRule) {
      let event = try read()
      guard event == .needMore, peerEnded else { return event }
      isOver = true
      return .finished
    } catch {
      let violation = ProtocolViolation(error.rule, at: buffer.offset)
      failure = violation
      (message, frame, buffer) = (nil, nil, ReceiveBuffer())
      throw violation
    }
  }

  private mutating func read() throws(BrokenRule) -> WebSocketEvent {
    while true {
      if frame == nil {
        guard try readHeader() else { return .needMore }
      }
      guard try readPayload() else { return .needMore }
      if let event = try endFrame() { return event }
    }
  }

  private mutating func readHeader() throws(BrokenRule) -> Bool {
    let context = WebSocketFrameHeader.Context(
      mayCompress: deflate != nil, isInMessage: message != nil,
      room: limits.message - (message?.received ?? 0))
    guard let header = try WebSocketFrameHeader.read(buffer, context) else { return false }
    buffer.skip(header.size)
    if !header.opcode.isControl { try beginData(header) }
    frame = Frame(header: header)
    return true
  }

  private mutating func beginData(_ header: WebSocketFrameHeader) throws(BrokenRule) {
    if header.opcode != .continuation {
      message = Message(isText: header.opcode == .text, isCompressed: header.isCompressed)
      if header.isCompressed { try beginInflating() }
    }
    message?.fragments += 1
    message?.received += header.length
    guard message?.fragments ?? 0 <= limits.fragments else { throw BrokenRule(.tooManyFragments) }
  }

  private mutating func beginInflating() throws(BrokenRule) {
    if inflater == nil { inflater = try? Inflater(.raw) }
    guard let inflater else { throw BrokenRule(.messageTooLarge) }
    inflater.beginMessage()
  }
}

extension WebSocketMachine {
  /// Takes what has arrived of the current frame's payload; true once it is whole.
  private mutating func readPayload() throws(BrokenRule) -> Bool {
    guard var current = frame else { return false }
    if current.remaining > 0 {
      var bytes = buffer.take(current.remaining)
      guard !bytes.isEmpty else { return false }
      Masking.apply(current.header.mask, phase: current.read, to: &bytes)
      current.read += bytes.count
      if current.header.opcode.isControl { control += bytes } else { try add(bytes) }
      frame = current
    }
    return current.remaining == 0
  }

  /// Adds bytes to the message, inflated if need be, and checks new text.
  private mutating func add(_ bytes: [UInt8]) throws(BrokenRule) {
    // The message leaves its place while it grows, so that its memory is not copied.
    guard var growing = message.take() else { return }
    if growing.isCompressed {
      try inflate(&growing) { inflater, output throws(CompressionError) in
        try inflater.continueMessage(bytes, limit: limits.message, appendingTo: &output)
      }
    } else {
      let start = growing.bytes.count
      growing.bytes += bytes
      try Self.checkText(&growing, from: start)
    }
    message = growing
  }

  private static func checkText(_ message: inout Message, from start: Int) throws(BrokenRule) {
    guard message.isText else { return }
    var validator = message.text
    let isText = message.bytes.withUnsafeBytes {
      validator.accept(UnsafeRawBufferPointer(rebasing: $0[start...]))
    }
    message.text = validator
    guard isText else { throw BrokenRule(.invalidText) }
  }

  /// Lets the message grow by what inflates, and checks that; bad text before bad data is bad text.
  private func inflate(
    _ message: inout Message, _ body: (Inflater, inout [UInt8]) throws(CompressionError) -> Void
  ) throws(BrokenRule) {
    guard let inflater else { throw BrokenRule(.compression) }
    let start = message.bytes.count
    var failure: CompressionError?
    do throws(CompressionError) {
      try body(inflater, &message.bytes)
    } catch {
      failure = error
    }
    try Self.checkText(&message, from: start)
    switch failure {
    case nil: break
    case .outputLimit: throw BrokenRule(.messageTooLarge)
    default: throw BrokenRule(.compression)
    }
  }

  /// Ends the current frame; answers an event unless the message goes on.
  private mutating func endFrame() throws(BrokenRule) -> WebSocketEvent? {
    guard let ended = frame.take() else { return nil }
    if ended.header.opcode.isControl { return try endControl(ended.header.opcode) }
    guard ended.header.isFinal, var whole = message.take() else { return nil }
    if whole.isCompressed {
      try inflate(&whole) { inflater, output throws(CompressionError) in
        try inflater.endMessage(limit: limits.message, appendingTo: &output)
      }
    }
    guard whole.isText else { return .binary(whole.bytes) }
    guard whole.text.isComplete else { throw BrokenRule(.invalidText) }
    return .text(String(decoding: whole.bytes, as: UTF8.self))
  }

  private mutating func endControl(
    _ opcode: WebSocketFrame.Opcode
  ) throws(BrokenRule) -> WebSocketEvent {
    let payload = control
    control = []
    switch opcode {
    case .ping: return .ping(payload)
    case .pong: return .pong(payload)
    default:
      isOver = true
      return try Self.close(payload)
    }
  }

  /// RFC 6455, section 5.5.1.
  private static func close(_ payload: [UInt8]) throws(BrokenRule) -> WebSocketEvent {
    guard !payload.isEmpty else { return .close(nil, reason: "") }
    guard payload.count >= 2 else { throw BrokenRule(.closePayload) }
    let code = WebSocketCloseCode(rawValue: UInt16(payload[0]) << 8 | UInt16(payload[1]))
    guard code.mayBeSent else { throw BrokenRule(.closeCodeValue) }
    guard let reason = String(validating: payload[2...], as: UTF8.self) else {
      throw BrokenRule(.invalidText)
    }
    return .close(code, reason: reason)
  }
}
