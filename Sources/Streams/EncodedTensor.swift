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

/// A captured tensor as a topic takes it, encoded once.
///
/// Its members are pure functions, called on any thread.
package protocol EncodedTensor: Sendable {
  /// The whole tensor frame.
  var bytes: [UInt8] { get }
  /// The `activation` event without the tensor: an object on a single line. It is asked for once.
  var text: [UInt8] { get }
  /// Writes the tensor's numbers as JSON.
  func writeNumbers(to writer: inout JSONWriter)
}
