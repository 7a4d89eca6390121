internal import Checkpoints

/// An adapter that a model was loaded with.
package struct ModelAdapter: Sendable, Equatable {
  package let path: String
  /// `peft` or `gguf`.
  package let format: String
  package let fileBytes: Int
  /// Matrices that it adds to.
  package let updates: Int
  /// Its thinnest and its widest update.
  package let ranks: ClosedRange<Int>
  /// Tensors that it has in place of the model's own.
  package let replacements: [String]

  init(_ facts: Adapter.Facts) {
    path = facts.path
    format = facts.format
    fileBytes = facts.fileBytes
    updates = facts.updates
    ranks = facts.ranks
    replacements = facts.replacements
  }
}
