internal import Digests

/// Which file lies at a path, and in which state: as long as all of it is equal, so are the bytes.
package struct FileStamp: Hashable, Sendable {
  package let path: String
  package let size: Int
  /// When its bytes were last changed, since 1970.
  package let seconds: Int
  package let nanoseconds: Int
  package let inode: UInt64
  package let device: UInt64

  /// The name without its folders.
  package var name: String { path.split(separator: "/").last.map(String.init) ?? path }

  /// The SHA-256 of the file's bytes, 64 hexadecimal digits, as `sha256sum` prints it.
  ///
  /// Reads the whole file, a block at a time.
  ///
  /// - Throws: ``CheckpointError`` where the file can't be read or is another by now.
  package func digest() throws(CheckpointError) -> String {
    var hash = SHA256()
    try Fence.read(self) { hash.update($0) }
    return hash.hex()
  }
}
