internal import JSON

/// How the tensor of an activation is written inside JSON.
package enum TensorForm: Sendable, Hashable, CaseIterable {
  /// The whole tensor frame as base64, key `frame`.
  case base64
  /// Nested numbers, key `data`.
  case json
  /// Not at all: the description only.
  case none
}

/// A captured tensor as a topic takes it.
package struct EncodedTensor: Sendable {
  /// The whole tensor frame.
  let frame: [UInt8]
  /// Makes the `activation` event without the tensor: an object on a single line.
  ///
  /// A pure function, called at most once, on any thread.
  let text: @Sendable () -> [UInt8]
  /// Writes the tensor's numbers as JSON.
  ///
  /// A pure function, called on any thread.
  let numbers: @Sendable (inout JSONWriter) -> Void
}
