internal import Digests

/// A cheap fingerprint of a checkpoint, known at once.
///
/// Equal files give equal hashes, and a retrained or requantised model another. Its identity is that of all bytes,
/// ``ModelIdentity``; recordings made before that hold this one.
///
/// What is hashed: the size of every weight file, the name, type, shape and length of every tensor in the order of
/// names, the first and last 64 bytes of each, and the configuration file. Some hundred pages are touched,
/// not the whole file; two models that differ only in the middle of their tensors would be taken for one.
enum ContentHash {
  private static let sample = 64

  static func of(_ entries: [TensorEntry], files: [Mapping], configuration: Mapping?) -> String {
    var hash = SHA256()
    for count in files.map(\.count).sorted() { hash.update("file \(count)\n") }
    for entry in entries.sorted(by: { $0.name < $1.name }) {
      hash.update("\(entry.name) \(entry.type.name) \(entry.shape) \(entry.range.count)\n")
      entry.withBytes { bytes in
        hash.update(UnsafeRawBufferPointer(rebasing: bytes.prefix(sample)))
        hash.update(UnsafeRawBufferPointer(rebasing: bytes.suffix(sample)))
      }
    }
    configuration?.withBytes { hash.update($0) }
    return hash.hex()
  }
}
