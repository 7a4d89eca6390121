/// The folder that recordings live in; a recording's id is its file's name without the ending.
package struct RecordingFolder: Hashable, Sendable {
  /// What a recording's file name ends in.
  package static let ending = ".nsrec"

  package let path: String

  package init(path: String) { self.path = path }

  /// Where a recording is, or would be; nil for an id that could name something else.
  package func file(of recordingID: String) -> String? {
    guard recordingID.isPlainFileName else { return nil }
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

  /// A file that is named like a recording.
  package struct File: Hashable, Sendable {
    package var recordingID: String
    package var bytes: Int
    /// When it was last written to, in nanoseconds since 1970.
    package var modified: Int
  }

  /// The regular files that are named like recordings, those first that were not written to for longest.
  package func files() throws(RecordingError) -> [File] {
    try recordingIDs().compactMap { id in
      guard let path = file(of: id), let status = fileStatus(path) else { return nil }
      return File(recordingID: id, bytes: status.bytes, modified: status.modified)
    }
    .sorted { ($0.modified, $0.recordingID) < ($1.modified, $1.recordingID) }
  }

  /// Whether a recording was written to its end: it has a footer.
  package func isFinished(_ recordingID: String) -> Bool {
    guard let path = file(of: recordingID),
      let file = try? RecordingFile(path: path, .read(followsLinks: false)),
      let size = try? file.size(), size >= RecordingLayout.headerLength,
      let header = try? file.read(at: 0, count: RecordingLayout.headerLength),
      (try? RecordingLayout.created(header)) != nil,
      let footer = try? file.read(
        at: max(size - RecordingLayout.footerLength, 0), count: RecordingLayout.footerLength)
    else { return false }
    return RecordingLayout.indexOffset(footer) != nil
  }

  /// Removes the oldest finished recordings, so that no more than some are left; those that are being written do not count.
  package func keep(_ count: Int, except isOpen: (String) -> Bool) throws(RecordingError) {
    let finished = try files().filter { !isOpen($0.recordingID) && isFinished($0.recordingID) }
    for file in finished.dropLast(count) { try? remove(file.recordingID) }
  }

  /// What each readable recording says of itself; files that are none are left out.
  package func summaries() throws(RecordingError) -> [RecordingSummary] {
    try recordingIDs().compactMap { id in
      guard let file = file(of: id), let reader = try? RecordingReader(path: file) else {
        return nil
      }
      var summary = RecordingSummary(recordingID: id, reader)
      summary.isShared = isShared(id)
      return summary
    }
  }

  /// Removes a recording; readers that have it open keep it.
  package func remove(_ recordingID: String) throws(RecordingError) {
    guard let file = file(of: recordingID), isRegularFile(file) else { throw .notARecording }
    try removeFile(file)
    if let mark = mark(of: recordingID), isRegularFile(mark) { try removeFile(mark) }
  }

  // MARK: Sharing

  /// The empty file beside a recording that says that others than its key may see it.
  private func mark(of recordingID: String) -> String? {
    file(of: recordingID) == nil ? nil : path + "/" + recordingID + ".shared"
  }

  /// Whether others than its key may see a recording.
  package func isShared(_ recordingID: String) -> Bool {
    mark(of: recordingID).map(isRegularFile) ?? false
  }

  /// Lets others see a recording, or its key alone.
  package func share(_ recordingID: String, _ isShared: Bool) throws(RecordingError) {
    guard holds(recordingID), let mark = mark(of: recordingID) else { throw .notARecording }
    try setMark(mark, isShared)
  }
}
