/// Where a writer's bytes go: a file, or in tests a disk that fills up.
protocol RecordingSink: AnyObject {
  /// Writes all bytes at a place, or throws after writing some.
  func write(_ bytes: [UInt8], at offset: Int) throws(RecordingError)
  /// Cuts the file.
  func truncate(to size: Int) throws(RecordingError)
  /// Waits until what was written survives a loss of power.
  func synchronise() throws(RecordingError)
}
