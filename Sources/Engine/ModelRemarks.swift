internal import Checkpoints

/// What a load did not use or understand, and what its user should know.
package struct ModelRemarks: Sendable, Equatable {
  /// Tensors that no pass over text reads, by what they belong to.
  package struct Aside: Sendable, Equatable {
    package let name: String
    package let tensors: Int
  }

  /// Names in the model's files that nothing here understands; none of them changed anything.
  package var unknownFields: [String] = []
  package var tensorsAside: [Aside] = []
  /// Sentences.
  package var notes: [String] = []

  init(_ checkpoint: Checkpoint) {
    unknownFields = checkpoint.configuration.unknownFields
    tensorsAside = checkpoint.tensorsAside.map { Aside(name: $0.name, tensors: $0.tensors) }
    notes = checkpoint.notes.map(\.description)
  }

  package var isEmpty: Bool { unknownFields.isEmpty && tensorsAside.isEmpty && notes.isEmpty }
}
