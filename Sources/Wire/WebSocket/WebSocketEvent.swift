/// What `WebSocketMachine.next()` found in the bytes received so far.
package enum WebSocketEvent: Hashable, Sendable {
  /// A whole text message, joined from its fragments and inflated; valid UTF-8.
  case text(String)
  /// A whole binary message.
  case binary([UInt8])
  /// Answer with a pong of the same payload.
  case ping([UInt8])
  /// An answer to a ping of ours, or an unasked one.
  case pong([UInt8])
  /// The peer says goodbye: answer with `WebSocketFrame.close` of the same code and close. A code is
  /// absent when the frame was empty. Nothing follows.
  case close(WebSocketCloseCode?, reason: String)
  /// Not an event: more bytes are needed.
  case needMore
  /// Not an event: the conversation is over (a close frame, or the end of bytes, was seen).
  case finished
}
