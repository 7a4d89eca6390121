package import Frames
internal import JSON

/// Appends a run to a file as it happens.
///
/// Records are collected and written in large pieces; a killed process loses at most what was not flushed, and
/// the file opens up to its last whole record. Room for the index is taken before the records that it will list, so
/// when the disk is full or a quota reached, the call that noticed throws, the file is ended behind its last whole
/// record with an index of what it holds, and the run can go on without its recording.
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
  /// Bytes of the disk that are ours, as far as we took them before we needed them.
  private var reserved = 0
  /// Its part of what all recordings of a folder may have.
  private let claim: RecordingClaim?

  /// Bytes so far, buffered ones too; with the index still to come.
  package var byteCount: Int { written + buffer.count }

  /// Records of a type so far.
  package func count(of type: RecordType) -> Int { entries.count { $0.type == type } }

  /// Creates the file and writes its first record.
  ///
  /// - Parameters:
  ///   - createdMilliseconds: now, since 1970.
  ///   - quota: bytes the file may have in the end, its index included.
  ///   - claim: its part of what all recordings may have; nil where there is no bound.
  /// - Throws: `file` also when a file of that name exists.
  package convenience init(
    path: String, metadata: RecordingMetadata, createdMilliseconds: UInt64, quota: Int = .max,
    claim: RecordingClaim? = nil, bufferLimit: Int = 256 << 10
  ) throws(RecordingError) {
    try self.init(
      sink: RecordingFile(path: path, .create), metadata: metadata,
      createdMilliseconds: createdMilliseconds, quota: quota, claim: claim,
      bufferLimit: bufferLimit)
  }

  init(
    sink: any RecordingSink, metadata: RecordingMetadata, createdMilliseconds: UInt64, quota: Int,
    claim: RecordingClaim? = nil, bufferLimit: Int
  ) throws(RecordingError) {
    self.sink = sink
    self.quota = quota
    self.claim = claim
    self.bufferLimit = bufferLimit
    buffer = RecordingLayout.header(createdMilliseconds: createdMilliseconds)
    var writer = JSONWriter()
    writer.value(metadata.json)
    if let claim, !claim.take(buffer.count + indexSize(0)) { throw .folderFull(bytes: claim.limit) }
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
    if let claim, !claim.take(entry.size + RecordingLayout.entryLength) {
      throw .folderFull(bytes: claim.limit)
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
    guard !isClosed else { throw .closed }
    guard !buffer.isEmpty else { return }
    do throws(RecordingError) {
      try reserve(upTo: byteCount + indexSize(entries.count))
      try write()
    } catch {
      endEarly()
      throw error
    }
  }

  private func write() throws(RecordingError) {
    try sink?.write(buffer, at: written)
    written += buffer.count
    buffer.removeAll(keepingCapacity: true)
  }

  /// Takes room for what is to be written and for the index, somewhat ahead where there is more.
  private func reserve(upTo size: Int) throws(RecordingError) {
    guard let sink, size > reserved else { return }
    let ahead = min(max(size / 4, 4 << 10), 1 << 20)
    do throws(RecordingError) {
      try sink.reserve(upTo: size + ahead)
      reserved = size + ahead
    } catch {
      try sink.reserve(upTo: size)
      reserved = size
    }
  }

  /// Drops what could not be written and ends the file with an index of what is in it, for which room was taken.
  private func endEarly() {
    isClosed = true
    buffer.removeAll()
    entries.removeAll { $0.offset >= written }
    numbered.removeAll { $0 >= entries.count }
    let end = written
    putIndex()
    do throws(RecordingError) {
      // Over the half of a record that may be there; cutting it off first would give our room away.
      try write()
    } catch {
      buffer.removeAll()
      written = end
    }
    try? sink?.truncate(to: written)
    close()
  }

  private func close() {
    isClosed = true
    sink = nil
    claim?.settle(written)
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

  /// Ends the recording: writes the index and the footer, and what was collected before them in one piece with them,
  /// and waits for the disk.
  package func finish() throws(RecordingError) {
    guard !isClosed else { throw .closed }
    do throws(RecordingError) {
      try reserve(upTo: byteCount + indexSize(entries.count))
      putIndex()
      try write()
    } catch {
      endEarly()
      throw error
    }
    defer { close() }
    try sink?.truncate(to: written)
    try sink?.synchronise()
  }

  private func putIndex() {
    let offset = byteCount
    put(.index, entries.flatMap(\.bytes), microseconds: entries.last?.microseconds ?? 0)
    buffer += RecordingLayout.footer(indexOffset: offset)
  }
}
