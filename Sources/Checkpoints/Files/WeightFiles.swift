/// The mapped files that a model's weights lie in.
package struct WeightFiles: Sendable {
  private let mappings: [Mapping]

  /// The files of these tensors, each once.
  init(_ tensors: some Sequence<TensorEntry>) {
    var seen: Set<ObjectIdentifier> = []
    mappings = tensors.lazy.map(\.mapping).filter { seen.insert(ObjectIdentifier($0)).inserted }
  }

  /// How many there are.
  package var count: Int { mappings.count }

  /// What has become of the first of them that is not as it was when it was opened.
  package func changes() -> CheckpointError? {
    for mapping in mappings { if let change = mapping.changes() { return change } }
    return nil
  }
}

extension Checkpoint {
  /// The files that the tensors and those of the adapter lie in.
  package var weightFiles: WeightFiles {
    WeightFiles(Array(tensors.values) + (adapter.map { Array($0.tensors.values) } ?? []))
  }
}
