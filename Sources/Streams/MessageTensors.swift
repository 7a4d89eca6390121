/// How tensors reach a viewer that gets messages.
package enum MessageTensors: String, Sendable, CaseIterable {
  /// The `activation` event as text without its tensor, then the tensor frame as binary.
  case binary
  /// Inside the text, as nested numbers.
  case json
  /// Not at all.
  case none
}
