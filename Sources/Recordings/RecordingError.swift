package import Frames

/// Why a recording cannot be written, opened or read.
package enum RecordingError: Error, Hashable, Sendable {
  /// The operating system refused: which call, its error number, on which file.
  case file(operation: String, errno: Int32, path: String)
  /// The disk has no room; the file was ended behind its last whole record.
  case diskFull(path: String)
  /// The recording reached the size it was allowed; what is written stays valid.
  case quota(bytes: Int)
  /// All recordings of the folder together have what they may have; what is written stays valid.
  case folderFull(bytes: Int)
  /// The writer was finished or has failed before.
  case closed
  /// The first bytes are not those of a recording.
  case notARecording
  /// A version this library does not read.
  case version(Int)
  /// A record is not what was written: where it begins, and what is wrong.
  case damaged(offset: Int, RecordingDamage.Reason)
  /// There is no record of that number.
  case noRecord(Int)
  /// A record's frame is no frame.
  case frame(FrameError)
  /// An export would not fit its format.
  case exportTooLarge(bytes: Int)
}

/// Where and why a recording stops being readable; what comes before is whole.
package struct RecordingDamage: Hashable, Sendable {
  /// What is wrong at that place.
  package enum Reason: String, Hashable, Sendable {
    /// The file ends inside a record: its writer was killed, or the disk was full.
    case truncated
    /// A checksum does not match.
    case checksum
    /// A record's head says something impossible.
    case head
    /// All records are whole, but the index behind them is missing: its writer did not finish.
    case noIndex
    /// All records are whole, but the index behind them is damaged.
    case index
  }

  /// Bytes of the file that are whole records.
  package var wholeBytes: Int
  /// Bytes after them.
  package var lostBytes: Int
  package var reason: Reason
}
