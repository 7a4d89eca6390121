/// One line of the index: where a record is and what it is about.
package struct RecordingEntry: Hashable, Sendable {
  package var type: RecordType
  /// Where the record begins in the file.
  package var offset: Int
  /// Bytes of its payload.
  package var length: Int
  /// Microseconds since the recording began.
  package var microseconds: UInt64
  /// The sequence number of an event or frame; 0 for other records.
  package var sequence: UInt64

  /// Bytes the record takes in the file.
  var size: Int { RecordingLayout.recordHeadLength + RecordingLayout.padded(length) }

  /// Where the next record begins.
  var end: Int { offset + size }

  /// The first of some entries up to a number, about `byteCount` bytes of them.
  static func piece(
    of entries: some Sequence<RecordingEntry>, through last: UInt64, atMost byteCount: Int
  ) -> [RecordingEntry] {
    var piece: [RecordingEntry] = []
    var bytes = 0
    for entry in entries {
      // A frame's description has the frame's number and goes with it.
      let isNew = entry.sequence != piece.last?.sequence
      guard entry.sequence <= last, !isNew || bytes < byteCount else { break }
      piece.append(entry)
      bytes += entry.size
    }
    return piece
  }

  var bytes: [UInt8] {
    var bytes: [UInt8] = []
    RecordingLayout.append(UInt64(offset) << 8 | UInt64(type.rawValue), to: &bytes)
    RecordingLayout.append(UInt64(length), to: &bytes)
    RecordingLayout.append(microseconds, to: &bytes)
    RecordingLayout.append(sequence, to: &bytes)
    return bytes
  }

  /// Reads one line of an index; nil when it is impossible in a file of that size.
  init?(_ bytes: [UInt8], at start: Int, fileSize: Int) {
    let place = RecordingLayout.load(bytes, start, UInt64.self)
    let length = RecordingLayout.load(bytes, start + 8, UInt64.self)
    guard let type = RecordType(rawValue: UInt8(place & 0xff)), place >> 8 <= UInt64(fileSize),
      length <= UInt64(fileSize)
    else { return nil }
    self.init(
      type: type, offset: Int(place >> 8), length: Int(length),
      microseconds: RecordingLayout.load(bytes, start + 16, UInt64.self),
      sequence: RecordingLayout.load(bytes, start + 24, UInt64.self))
    guard offset >= RecordingLayout.headerLength, size <= fileSize - offset else { return nil }
  }

  init(type: RecordType, offset: Int, length: Int, microseconds: UInt64, sequence: UInt64) {
    self.type = type
    self.offset = offset
    self.length = length
    self.microseconds = microseconds
    self.sequence = sequence
  }
}
