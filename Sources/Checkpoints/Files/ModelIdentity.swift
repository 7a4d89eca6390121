internal import Digests

/// What tells one model from every other: all bytes of its weight files and of its configuration.
package enum ModelIdentity {
  /// The identity of a model whose files have these digests, in the checkpoint's order.
  ///
  /// Of one file it is that file's SHA-256; of several the SHA-256 of the lines that `sha256sum` prints of them, names
  /// without folders.
  package static func of(_ files: [(name: String, digest: String)]) -> String {
    if let only = files.first, files.count == 1 { return only.digest }
    var hash = SHA256()
    for file in files { hash.update("\(file.digest)  \(file.name)\n") }
    return hash.hex()
  }
}

extension Checkpoint {
  /// Reads all files and gives the model's ``ModelIdentity``.
  package func identity() throws(CheckpointError) -> String {
    var parts: [(name: String, digest: String)] = []
    for file in files { parts.append((file.name, try file.digest())) }
    return ModelIdentity.of(parts)
  }
}
