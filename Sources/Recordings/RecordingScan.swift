internal import Frames
internal import Compression
internal import JSON

/// Finds the records of a file, by its index or one after the other.
struct RecordingScan {
  let file: RecordingFile
  let size: Int

  /// The entries of a finished file's index; nil when there is none that holds.
  func readIndex() throws(RecordingError) -> [RecordingEntry]? {
    let end = size - RecordingLayout.footerLength
    guard end >= RecordingLayout.headerLength else { return nil }
    let footer = try file.read(at: end, count: RecordingLayout.footerLength)
    guard let place = RecordingLayout.indexOffset(footer), place <= UInt64(end),
      let record = try? self.entry(at: Int(place), limit: end), record.type == .index,
      record.offset + record.size == end, record.length % RecordingLayout.entryLength == 0,
      let payload = try? payload(of: record)
    else { return nil }
    var entries: [RecordingEntry] = []
    entries.reserveCapacity(payload.count / RecordingLayout.entryLength)
    for start in stride(from: 0, to: payload.count, by: RecordingLayout.entryLength) {
      guard let entry = RecordingEntry(payload, at: start, fileSize: size) else { return nil }
      entries.append(entry)
    }
    return entries
  }

  /// Reads all records from the front and says where and why that ends.
  func readThrough() throws(RecordingError) -> ([RecordingEntry], RecordingDamage?) {
    var entries: [RecordingEntry] = []
    var offset = RecordingLayout.headerLength
    var reason = RecordingDamage.Reason.noIndex
    while offset < size {
      do throws(RecordingError) {
        var entry = try entry(at: offset, limit: size)
        let payload = try payload(of: entry)
        if entry.type == .index {
          // It was not found from the end, so the footer or something behind it is wrong.
          reason = .index
          break
        }
        entry.sequence = Self.sequence(entry.type, payload)
        entries.append(entry)
        offset += entry.size
      } catch {
        guard case .damaged(_, let why) = error else { throw error }
        reason = why
        break
      }
    }
    return (
      entries, RecordingDamage(wholeBytes: offset, lostBytes: size - offset, reason: reason)
    )
  }

  /// Reads a record's head; its checksum is not judged here.
  func entry(at offset: Int, limit: Int) throws(RecordingError) -> RecordingEntry {
    let head = try file.read(at: offset, count: RecordingLayout.recordHeadLength)
    guard head.count == RecordingLayout.recordHeadLength else {
      throw .damaged(offset: offset, .truncated)
    }
    let length = RecordingLayout.load(head, 8, UInt64.self)
    guard let type = RecordType(rawValue: head[0]), length <= UInt64(RecordingLayout.maximumPayload)
    else { throw .damaged(offset: offset, .head) }
    let entry = RecordingEntry(
      type: type, offset: offset, length: Int(length),
      microseconds: RecordingLayout.load(head, 16, UInt64.self), sequence: 0)
    guard entry.size <= limit - offset else { throw .damaged(offset: offset, .truncated) }
    return entry
  }

  /// Reads a record's payload and verifies the whole record against its entry and checksum.
  func payload(of entry: RecordingEntry) throws(RecordingError) -> [UInt8] {
    var record = try file.read(at: entry.offset, count: entry.size)
    let headLength = RecordingLayout.recordHeadLength
    guard record.count == entry.size else { throw .damaged(offset: entry.offset, .truncated) }
    let head = Array(record[..<headLength])
    guard head[0] == entry.type.rawValue,
      RecordingLayout.load(head, 8, UInt64.self) == UInt64(entry.length),
      RecordingLayout.load(head, 16, UInt64.self) == entry.microseconds
    else { throw .damaged(offset: entry.offset, .head) }
    var checksum = RecordingLayout.recordChecksum(head)
    record[headLength...].withUnsafeBytes { checksum.update($0) }
    guard checksum.value == RecordingLayout.load(head, 4, UInt32.self) else {
      throw .damaged(offset: entry.offset, .checksum)
    }
    record.removeSubrange(..<headLength)
    record.removeLast(record.count - entry.length)
    return record
  }

  /// The sequence number inside a record, for files without an index.
  private static func sequence(_ type: RecordType, _ payload: [UInt8]) -> UInt64 {
    switch type {
    case .frame: return (try? FrameBytes(checking: payload))?.frame.sequence ?? 0
    case .event:
      let number = (try? JSONValue(parsing: payload))?["seq"]?.integer
      return number.flatMap { UInt64(exactly: $0) } ?? 0
    default: return 0
    }
  }
}
