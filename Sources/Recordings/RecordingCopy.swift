/// Lends the bytes of a recording's file as they are, whole or damaged, for a download.
package struct RecordingCopy: Sendable {
  private let file: RecordingFile

  /// Opens a regular file that begins as a recording does.
  ///
  /// - Parameter followsLinks: as for ``RecordingReader``.
  /// - Throws: `file`, `notARecording` or `version`.
  package init(path: String, followsLinks: Bool = false) throws(RecordingError) {
    file = try RecordingFile(path: path, .read(followsLinks: followsLinks))
    _ = try RecordingLayout.created(file.read(at: 0, count: RecordingLayout.headerLength))
  }

  /// The bytes at a place, fewer only where the file ends.
  package func bytes(at offset: Int, count: Int) throws(RecordingError) -> [UInt8] {
    try file.read(at: offset, count: count)
  }
}
