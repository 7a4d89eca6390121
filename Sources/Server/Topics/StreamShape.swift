import Wire

/// How items become the bytes of one viewer's stream.
enum StreamShape: Sendable, Hashable {
  /// Events of an event stream.
  case events(TensorForm)
  /// Whole WebSocket frames; deflated where that is worth it and agreed on.
  case messages(TopicMessages.Tensors, isDeflating: Bool)

  /// The bytes of one item, in pieces that are shared as far as they can be.
  func pieces(of item: TopicItem) -> [[UInt8]] {
    switch self {
    case .events(let form): return [item.bytes(.event(form))]
    case .messages(let tensors, let isDeflating):
      let form: TensorForm = tensors == .json ? .json : .none
      let text = item.bytes(.text(form))
      let isDeflated = isDeflating && text.count >= WebSocketCompressor.smallestMessage
      var message: OutgoingMessage =
        isDeflated ? .deflatedText(item.bytes(.deflatedText(form))) : .text(text)
      var pieces = [message.envelope, message.payload]
      if tensors == .binary, item.frame != nil {
        message = .binary(item.bytes(.frame))
        pieces += [message.envelope, message.payload]
      }
      return pieces
    }
  }
}
