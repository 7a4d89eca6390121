package import Frames
internal import JSON

/// Appends a run to a file as it happens.
///
/// Records are collected and written in large pieces; a killed process loses at most what was not flushed, and
/// the file opens up to its last whole record. When the disk is full or the quota reached, the call that
/// noticed throws, the file is cut back to whole records, and the run can go on without its recording.
/// - Isolation: belongs to one thread at a time.
package final class RecordingWriter {
  /// Let go when nothing more is written, and the file's descriptor with it.
  private var sink: (any RecordingSink)?
  private let quota: Int
  private let bufferLimit: Int
  private var buffer: [UInt8] = []
  /// Bytes of whole records known to be in the file.
  private var written = 0
  private var entries: [RecordingEntry] = []
  /// The places in `entries` of events and frames, whose sequence numbers ascend.
  private var numbered: [Int] = []
  private var isClosed = false

  /// Bytes so far, buffered ones too; with the index still to come.
  package var byteCount: Int { written + buffer.count }

  /// Records of a type so far.
  package func count(of type: RecordType) -> Int { entries.count { $0.type == type } }

  /// Creates the file and writes its first record.
  ///
  /// - Parameter quota: bytes the file may have in the end, its index included.
  /// - Parameter createdMilliseconds: now, since 1970.
  /// - Throws: `file` also when a file of that name exists.
  package convenience init(
    path: String, metadata: RecordingMetadata, createdMilliseconds: UInt64, quota: Int = .max,
    bufferLimit: Int = 256 << 10
  ) throws(RecordingError) {
    try self.init(
      sink: RecordingFile(path: path, .create), metadata: metadata,
      createdMilliseconds: createdMilliseconds, quota: quota, bufferLimit: bufferLimit)
  }

  init(
    sink: any RecordingSink, metadata: RecordingMetadata, createdMilliseconds: UInt64, quota: Int,
    bufferLimit: Int
  ) throws(RecordingError) {
    self.sink = sink
    self.quota = quota
    self.bufferLimit = bufferLimit
    buffer = RecordingLayout.header(createdMilliseconds: createdMilliseconds)
    var writer = JSONWriter()
    writer.value(metadata.json)
    try append(.metadata, writer.bytes, microseconds: 0, sequence: 0)
    try flush()
  }

  /// Appends the body of the request that made the run.
  package func append(request json: [UInt8], microseconds: UInt64) throws(RecordingError) {
    try append(.request, json, microseconds: microseconds, sequence: 0)
  }

  /// Appends an event, as the line of JSON that viewers were sent.
  package func append(
    event json: [UInt8], sequence: UInt64, microseconds: UInt64
  ) throws(RecordingError) {
    try append(.event, json, microseconds: microseconds, sequence: sequence)
  }

  /// Appends a frame, as the bytes that viewers were sent.
  package func append(frame: FrameBytes, microseconds: UInt64) throws(RecordingError) {
    try append(.frame, frame.bytes, microseconds: microseconds, sequence: frame.frame.sequence)
  }

  /// Appends a change of the run's hooks or interventions.
  package func append(change json: [UInt8], microseconds: UInt64) throws(RecordingError) {
    try append(.change, json, microseconds: microseconds, sequence: 0)
  }

  private func append(
    _ type: RecordType, _ payload: [UInt8], microseconds: UInt64, sequence: UInt64
  ) throws(RecordingError) {
    guard !isClosed else { throw .closed }
    let entry = RecordingEntry(
      type: type, offset: byteCount, length: payload.count, microseconds: microseconds,
      sequence: sequence)
    guard entry.size <= quota - byteCount - indexSize(entries.count + 1) else {
      throw .quota(bytes: quota)
    }
    put(type, payload, microseconds: microseconds)
    if type == .event || type == .frame { numbered.append(entries.count) }
    entries.append(entry)
    if buffer.count >= bufferLimit { try flush() }
  }

  private func put(_ type: RecordType, _ payload: [UInt8], microseconds: UInt64) {
    buffer += payload.withUnsafeBytes {
      RecordingLayout.recordHead(type, payload: $0, microseconds: microseconds)
    }
    buffer += payload
    for _ in payload.count..<RecordingLayout.padded(payload.count) { buffer.append(0) }
  }

  /// Bytes of the index record and footer for so many records.
  private func indexSize(_ count: Int) -> Int {
    RecordingLayout.recordHeadLength + count * RecordingLayout.entryLength
      + RecordingLayout.footerLength
  }
}

extension RecordingWriter {
  /// Hands collected records to the operating system; they then survive the end of this process.
  package func flush() throws(RecordingError) {
    guard !isClosed, let sink else { throw .closed }
    guard !buffer.isEmpty else { return }
    do throws(RecordingError) {
      try sink.write(buffer, at: written)
      written += buffer.count
      buffer.removeAll(keepingCapacity: true)
    } catch {
      // Part of the buffer may be in the file: cut it back to the records known to be whole.
      isClosed = true
      entries.removeAll { $0.offset >= written }
      numbered.removeAll { $0 >= entries.count }
      try? sink.truncate(to: written)
      self.sink = nil
      throw error
    }
  }

  /// Where the events and frames of a range of numbers are, about `byteCount` bytes of them; written out, so that a
  /// ``RecordingTail`` can read them.
  ///
  /// After a failure, what is in the file.
  package func places(
    of range: ClosedRange<UInt64>, atMost byteCount: Int
  ) throws(RecordingError) -> [RecordingEntry] {
    var (low, high) = (0, numbered.count)
    while low < high {
      let middle = (low + high) / 2
      if entries[numbered[middle]].sequence < range.lowerBound {
        low = middle + 1
      } else {
        high = middle
      }
    }
    let places = RecordingEntry.piece(
      of: numbered[low...].lazy.map { self.entries[$0] }, through: range.upperBound,
      atMost: byteCount)
    if let last = places.last, last.offset >= written, !isClosed { try flush() }
    return places
  }

  /// Ends the recording: writes the index and the footer and waits for the disk.
  package func finish() throws(RecordingError) {
    guard !isClosed else { throw .closed }
    try flush()
    put(.index, entries.flatMap(\.bytes), microseconds: entries.last?.microseconds ?? 0)
    buffer += RecordingLayout.footer(indexOffset: written)
    try flush()
    isClosed = true
    try sink.take()?.synchronise()
  }
}
