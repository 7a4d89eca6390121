internal import Tensors

/// A whole file, mapped read-only: the owner of the bytes that tensors and matrices borrow.
///
/// - Warning: The pages belong to the file. If another process shortens the file while it is mapped, reading
///   the lost pages ends this process with `SIGBUS`; nothing can be checked against that after opening, so
///   checkpoints are replaced by renaming a new file into place and never by writing into the old one.
package final class Mapping: WeightOwner, @unchecked Sendable {
  // Proof for @unchecked: the address range never changes and is only read.

  package let path: String
  /// Which state of which file was mapped.
  package let stamp: FileStamp
  /// All of the file, for those who hold the mapping while they read; everyone else is lent it by ``withBytes(_:)``.
  ///
  /// A mapping may be freed after its last mention, even inside one expression: never take the bytes of a
  /// temporary.
  let bytes: UnsafeRawBufferPointer

  package init(path: String) throws(CheckpointError) {
    self.path = path
    (bytes, stamp) = try Fence.map(path)
  }

  deinit { Fence.unmap(bytes) }

  package var count: Int { bytes.count }

  /// Lends all of the file for the call.
  package func withBytes<Result, Failure>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try body(bytes)
  }

  /// The bytes of a range that lies inside the file, else nil; nothing is copied.
  func slice(offset: Int, count: Int) -> UnsafeRawBufferPointer? {
    guard offset >= 0, count >= 0, offset <= bytes.count, count <= bytes.count - offset else {
      return nil
    }
    return UnsafeRawBufferPointer(rebasing: bytes[offset..<(offset + count)])
  }
}
