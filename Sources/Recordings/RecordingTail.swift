/// Reads records of a file that is still being written, by the places its writer knows.
package struct RecordingTail: Sendable {
  private let file: RecordingFile

  package init(path: String) throws(RecordingError) {
    file = try RecordingFile(path: path, .read(followsLinks: false))
  }

  /// The payload of a record, verified.
  package func payload(of entry: RecordingEntry) throws(RecordingError) -> [UInt8] {
    try RecordingScan(file: file, size: .max).payload(of: entry)
  }
}
