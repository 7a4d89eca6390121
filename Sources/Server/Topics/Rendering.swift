/// How the tensor of an activation is written inside JSON.
package enum TensorForm: Sendable, Hashable, CaseIterable {
  /// The whole tensor frame as base64, key `frame`.
  case base64
  /// Nested numbers, key `data`.
  case json
  /// Not at all: the description only.
  case none
}

/// How an item reaches a viewer; the bytes of each rendering are made at most once per item.
package enum Rendering: Sendable, Hashable {
  /// One event of an event stream, complete with its blank line.
  case event(TensorForm)
  /// The JSON of a text message.
  case text(TensorForm)
  /// The same, deflated for a text message (RFC 7692).
  case deflatedText(TensorForm)
  /// The tensor frame itself, as a binary message.
  case frame
}
