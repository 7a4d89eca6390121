internal import JSON

extension RecordingMetadata {
  /// Reads the first record of a file, and nothing else of it.
  ///
  /// - Parameter followsLinks: as for ``RecordingReader``.
  /// - Throws: as ``RecordingReader`` does of a file that it can't open.
  package init(path: String, followsLinks: Bool = false) throws(RecordingError) {
    let file = try RecordingFile(path: path, .read(followsLinks: followsLinks))
    let offset = RecordingLayout.headerLength
    _ = try RecordingLayout.created(file.read(at: 0, count: offset))
    let scan = RecordingScan(file: file, size: try file.size())
    let first = try scan.entry(at: offset, limit: scan.size)
    guard first.type == .metadata else { throw .damaged(offset: offset, .head) }
    let payload = try scan.payload(of: first)
    guard let json = try? JSONValue(parsing: payload), let metadata = Self(json) else {
      throw .damaged(offset: offset, .head)
    }
    self = metadata
  }
}
