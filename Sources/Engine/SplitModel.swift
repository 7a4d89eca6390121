internal import Checkpoints

/// A GGUF model in several files, known by the name of one of them (`-00001-of-0000N.gguf`).
package struct SplitModel: Sendable {
  /// The first file's path, by which the model is loaded.
  package let first: String
  /// All files' paths, in order, whether they are there or not.
  package let paths: [String]

  /// Files that a model may be cut into.
  private static let limit = 4_096

  /// Nil for the path of a file that is a model by itself.
  package init?(_ path: String) {
    guard let name = GGUFPartName(path), (2...Self.limit).contains(name.count) else { return nil }
    first = name.part(0)
    paths = (0..<name.count).map(name.part)
  }
}
