/// The folder that recordings live in; a recording's id is its file's name without the ending.
package struct RecordingFolder: Hashable, Sendable {
  /// What a recording's file name ends in.
  package static let ending = ".nsrec"

  package let path: String

  package init(path: String) { self.path = path }

  /// Where a recording is, or would be; nil for an id that could name something else.
  ///
  /// Letters, digits, `-`, `_` and inner dots only: an id comes from a request and becomes a path.
  package func file(of recordingID: String) -> String? {
    let isPlain = recordingID.utf8.allSatisfy { byte in
      switch byte {
      case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x2d, 0x2e, 0x5f: true
      default: false
      }
    }
    guard isPlain, !recordingID.isEmpty, recordingID.utf8.count <= 128, !recordingID.hasPrefix(".")
    else { return nil }
    return path + "/" + recordingID + Self.ending
  }

  /// Makes the folder, where it is missing.
  package func make() throws(RecordingError) { try makeFolder(path) }

  /// Whether a regular file of a recording's name is there; what else may have that name is no recording.
  package func holds(_ recordingID: String) -> Bool {
    file(of: recordingID).map(isRegularFile) ?? false
  }

  /// The ids of all files that are named like recordings, in order.
  package func recordingIDs() throws(RecordingError) -> [String] {
    try namesInFolder(path).filter { $0.hasSuffix(Self.ending) }
      .map { String($0.dropLast(Self.ending.count)) }.filter { file(of: $0) != nil }.sorted()
  }

  /// What each readable recording says of itself; files that are none are left out.
  package func summaries() throws(RecordingError) -> [RecordingSummary] {
    try recordingIDs().compactMap { id in
      guard let file = file(of: id), let reader = try? RecordingReader(path: file) else {
        return nil
      }
      return RecordingSummary(recordingID: id, reader)
    }
  }

  /// Removes a recording; readers that have it open keep it.
  package func remove(_ recordingID: String) throws(RecordingError) {
    guard let file = file(of: recordingID), isRegularFile(file) else { throw .notARecording }
    try removeFile(file)
  }
}
