package import JSON

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
  package let frame: [UInt8]
  /// Makes the `activation` event without the tensor: an object on a single line.
  ///
  /// A pure function, called at most once, on any thread.
  package let text: @Sendable () -> [UInt8]
  /// Writes the tensor's numbers as JSON.
  ///
  /// A pure function, called on any thread.
  package let numbers: @Sendable (inout JSONWriter) -> Void

  /// Collects the parts.
  package init(
    frame: [UInt8], text: @escaping @Sendable () -> [UInt8],
    numbers: @escaping @Sendable (inout JSONWriter) -> Void
  ) {
    self.frame = frame
    self.text = text
    self.numbers = numbers
  }
}
