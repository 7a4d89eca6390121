/// Where a writer's bytes go: a file, or in tests a disk that fills up.
protocol RecordingSink: AnyObject {
  /// Writes all bytes at a place, or throws after writing some.
  func write(_ bytes: [UInt8], at offset: Int) throws(RecordingError)
  /// Takes room on the disk for bytes that are still to come, the file's first `size` in all; its length stays.
  ///
  /// Where that can't be done nothing is taken, and a write may find the disk full.
  func reserve(upTo size: Int) throws(RecordingError)
  /// Cuts the file, and gives back what was taken behind it.
  func truncate(to size: Int) throws(RecordingError)
  /// Waits until what was written survives a loss of power.
  func synchronise() throws(RecordingError)
}
