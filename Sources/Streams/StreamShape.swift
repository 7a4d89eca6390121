import Wire

/// How items become the bytes of one viewer's stream.
package enum StreamShape: Sendable, Hashable {
  /// Events of an event stream.
  case events(TensorForm)
  /// Whole WebSocket frames; deflated where that is worth it and agreed on.
  case messages(MessageTensors, isDeflating: Bool)

  /// Adds the bytes of one item.
  func write(_ item: TopicItem, to pieces: inout StreamPieces) {
    switch self {
    case .events(let form): pieces.write { item.appendEvent(form, to: &$0) }
    case .messages(let tensors, let isDeflating):
      let text = tensors == .json ? item.text(.json) : item.text
      let isDeflated = isDeflating && text.count >= WebSocketCompressor.smallestMessage
      if !isDeflated {
        pieces.add(.text(text))
      } else if tensors == .json {
        pieces.add(.deflatedText(SharedDeflater.deflate(text)))
      } else {
        pieces.add(.deflatedText(item.deflatedText))
      }
      if tensors == .binary, let frame = item.frame { pieces.add(.binary(frame)) }
    }
  }
}

/// Bytes for one viewer: what is small is joined, what is large stays shared with whoever else holds it.
struct StreamPieces {
  /// Bytes above which a copy costs more than a piece of its own.
  private static let large = 32 << 10

  /// Bytes of pieces that were made here.
  private(set) var madeByteCount = 0
  private var whole: [[UInt8]] = []
  private var joined: [UInt8] = []

  /// Begins with room for so many bytes.
  init(capacity: Int) { joined.reserveCapacity(capacity) }

  /// All of it; nothing is added after that.
  mutating func all() -> [[UInt8]] {
    endPiece()
    return whole
  }

  /// Adds what `body` writes.
  mutating func write(_ body: (inout [UInt8]) -> Void) { body(&joined) }

  /// Adds a message as one frame.
  mutating func add(_ message: OutgoingMessage) {
    joined += message.envelope
    guard message.payload.count > Self.large else {
      joined += message.payload
      return
    }
    endPiece()
    whole.append(message.payload)
  }

  private mutating func endPiece() {
    guard !joined.isEmpty else { return }
    madeByteCount += joined.count
    whole.append(joined)
    joined = []
  }
}
