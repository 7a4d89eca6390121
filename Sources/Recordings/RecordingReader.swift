internal import Compression
package import Frames
internal import JSON
internal import Synchronization

/// Opens a recording and reads its records in any order.
///
/// A finished file is opened by its index alone, whatever its size. Any other is read through once from the
/// front; what is whole is kept, and `damage` says what is not. Each record's checksum is verified whenever
/// it is read, so a changed bit is never passed on.
package final class RecordingReader: Sendable {
  private let path: String
  private let followsLinks: Bool
  /// nil once it was let go; it is then opened for each record.
  private let held: Mutex<RecordingFile?>
  /// The size when it was opened; what a writer appends later is not seen.
  package let byteCount: Int
  /// When the recording began, in milliseconds since 1970.
  package let createdMilliseconds: UInt64
  /// The records in order, the index not among them.
  package let entries: [RecordingEntry]
  /// What could not be read; nil for a finished recording.
  package let damage: RecordingDamage?
  /// What the recording says of itself.
  package let metadata: RecordingMetadata

  /// Events and frames by ascending sequence number, those of equal number in order of writing.
  private let order: [(sequence: UInt64, index: Int)]

  /// Whether the writer finished.
  package var isComplete: Bool { damage == nil }

  /// Opens a regular file.
  ///
  /// - Parameter followsLinks: whether the path may be a symbolic link: one that a person chose may, one
  ///   that was found in a folder may not, or a link would give away what it points to.
  /// - Throws: `file`, `notARecording`, `version`, or `damaged` when not even the first record is whole.
  package init(path: String, followsLinks: Bool = false) throws(RecordingError) {
    let file = try RecordingFile(path: path, .read(followsLinks: followsLinks))
    self.path = path
    self.followsLinks = followsLinks
    held = Mutex(file)
    byteCount = try file.size()
    createdMilliseconds = try RecordingLayout.created(
      file.read(at: 0, count: RecordingLayout.headerLength))
    let scan = RecordingScan(file: file, size: byteCount)
    if let indexed = try scan.readIndex() {
      (entries, damage) = (indexed, nil)
    } else {
      (entries, damage) = try scan.readThrough()
    }
    guard let first = entries.first, first.type == .metadata else {
      throw .damaged(offset: RecordingLayout.headerLength, damage?.reason ?? .head)
    }
    let payload = try scan.payload(of: first)
    guard let json = try? JSONValue(parsing: payload), let metadata = RecordingMetadata(json) else {
      throw .damaged(offset: first.offset, .head)
    }
    self.metadata = metadata
    order = entries.enumerated().filter { $1.type == .event || $1.type == .frame }
      .map { ($1.sequence, $0) }.sorted { $0 < $1 }
  }

  /// The payload of a record, verified.
  package func payload(_ index: Int) throws(RecordingError) -> [UInt8] {
    guard entries.indices.contains(index) else { throw .noRecord(index) }
    return try payload(of: entries[index])
  }

  /// A record's frame, the very bytes that were recorded.
  package func frame(_ index: Int) throws(RecordingError) -> FrameBytes {
    let bytes = try payload(index)
    do throws(FrameError) { return try FrameBytes(checking: bytes) } catch { throw .frame(error) }
  }

  /// The first record at or after a sequence number, among events and frames; O(log n).
  package func firstIndex(atSequence sequence: UInt64) -> Int {
    let place = firstPlace(atSequence: sequence)
    return place < order.count ? order[place].index : entries.count
  }

  private func firstPlace(atSequence sequence: UInt64) -> Int {
    var (low, high) = (0, order.count)
    while low < high {
      let middle = (low + high) / 2
      if order[middle].sequence < sequence { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// Events and frames of a range of numbers in order, about `byteCount` bytes of them.
  package func places(of range: ClosedRange<UInt64>, atMost byteCount: Int) -> [RecordingEntry] {
    let first = firstPlace(atSequence: range.lowerBound)
    return RecordingEntry.piece(
      of: order[first...].lazy.map { self.entries[$0.index] }, through: range.upperBound,
      atMost: byteCount)
  }

  /// The payload of a record of ``places(of:atMost:)``, verified.
  package func payload(of entry: RecordingEntry) throws(RecordingError) -> [UInt8] {
    try RecordingScan(file: file(), size: byteCount).payload(of: entry)
  }

  private func file() throws(RecordingError) -> RecordingFile {
    if let file = held.withLock(\.self) { return file }
    return try RecordingFile(path: path, .read(followsLinks: followsLinks))
  }

  /// Keeps no descriptor any more: what is still read is read from the path, as long as there is the same file.
  package func letGo() { held.withLock { $0 = nil } }

  /// Reads every record.
  ///
  /// - Throws: the first damage, which may be that of the opening.
  package func verify() throws(RecordingError) {
    for index in entries.indices { _ = try payload(index) }
    if let damage { throw .damaged(offset: damage.wholeBytes, damage.reason) }
  }
}
