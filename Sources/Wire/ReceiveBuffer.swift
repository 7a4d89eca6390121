/// Bytes that arrived and were not yet understood.
///
/// Knows lengths and lines but no protocol. It remembers how far it has looked for the end of a line, so that
/// a head arriving byte by byte is scanned once and not once for each byte.
struct ReceiveBuffer: Sendable {
  private(set) var storage: [UInt8] = []
  /// Where the bytes begin that are not consumed.
  private(set) var start = 0
  /// Everything before this place in `storage` holds no end of line.
  private var scanned = 0
  /// Bytes consumed and dropped from `storage` so far.
  private var dropped = 0

  /// Memory kept for an idle connection.
  private static let keptCapacity = 4096

  var count: Int { storage.count - start }
  var isEmpty: Bool { storage.count == start }

  /// Bytes consumed since the connection began.
  var offset: Int { dropped + start }

  /// The byte so many places after the first; nil past the end.
  subscript(index: Int) -> UInt8? {
    index < count ? storage[start + index] : nil
  }

  mutating func append(_ bytes: UnsafeRawBufferPointer) {
    if start > Self.keptCapacity && start >= storage.count / 2 { compact() }
    storage.append(contentsOf: bytes)
  }

  /// Consumes bytes without looking at them.
  mutating func skip(_ count: Int) {
    start += min(count, self.count)
    scanned = max(scanned, start)
    if start == storage.count { compact() }
  }

  /// Consumes up to that many bytes.
  mutating func take(_ limit: Int) -> [UInt8] {
    let taken = Array(storage[start..<start + min(limit, count)])
    skip(taken.count)
    return taken
  }

  private mutating func compact() {
    dropped += start
    scanned -= start
    if start == storage.count {
      if storage.capacity > Self.keptCapacity {
        storage = []
      } else {
        storage.removeAll(keepingCapacity: true)
      }
    } else {
      storage.removeSubrange(..<start)
    }
    start = 0
  }
}

extension ReceiveBuffer {
  /// Consumes a line and its CRLF; nil while its end has not arrived.
  ///
  /// A control character other than the tab, and a CR or LF alone, are refused where they stand, before the
  /// line is complete.
  /// - Parameter limit: bytes the line may have without its CRLF.
  /// - Parameter rule: what a longer line breaks.
  mutating func takeLine(
    limit: Int, else rule: ProtocolViolation.Rule
  ) throws(ProtocolViolation) -> [UInt8]? {
    while scanned < storage.count {
      let byte = storage[scanned]
      if byte == 0x0d {
        guard scanned + 1 < storage.count else { break }
        guard storage[scanned + 1] == 0x0a else { throw violation(.bareCarriageReturn) }
        guard scanned - start <= limit else { throw violation(rule) }
        let line = Array(storage[start..<scanned])
        scanned += 2
        skip(line.count + 2)
        return line
      }
      guard byte >= 0x20 && byte != 0x7f || byte == 0x09 else {
        throw violation(byte == 0x0a ? .bareLineFeed : .controlCharacter)
      }
      scanned += 1
      guard scanned - start <= limit else { throw violation(rule) }
    }
    return nil
  }

  private func violation(_ rule: ProtocolViolation.Rule) -> ProtocolViolation {
    ProtocolViolation(rule, at: dropped + scanned)
  }
}
