internal import Tensors

/// A whole file, mapped read-only: the owner of the bytes that tensors and matrices borrow.
///
/// The pages belong to the file, which others may shorten or write over while it is mapped. Lost pages
/// then read as zeros, and whoever computes with the bytes asks ``changes()`` before the result is used:
/// what was computed since is worth nothing. A new file that is renamed into place changes nothing here.
package final class Mapping: WeightOwner, @unchecked Sendable {
  // Proof for @unchecked: the address range never changes and is only read.

  package let path: String
  /// Which state of which file was mapped.
  package var stamp: FileStamp { file.stamp }
  /// All of the file, for those who hold the mapping while they read; everyone else is lent it by ``withBytes(_:)``.
  ///
  /// A mapping may be freed after its last mention, even inside one expression: never take the bytes of a
  /// temporary.
  let bytes: UnsafeRawBufferPointer
  private let file: Fence.MappedFile

  package init(path: String) throws(CheckpointError) {
    self.path = path
    file = try Fence.map(path)
    bytes = file.bytes
  }

  deinit { Fence.unmap(file) }

  package var count: Int { bytes.count }

  /// What has become of the file since it was mapped, if it is not as it was.
  ///
  /// Two system calls' worth of time at most, so it may be asked after every pass.
  package func changes() -> CheckpointError? {
    guard !Fence.isIntact(file) else { return nil }
    return CheckpointError(
      .damaged, file: path, .file,
      expected:
        "the file as it was when it was opened (load the model again; replace files by renaming)",
      found: "a file that was cut or written over")
  }

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
