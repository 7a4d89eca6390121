internal import Compression

/// The fixed parts of the file as bytes; `Protocol/recording.md` draws them.
enum RecordingLayout {
  /// Not text (first byte), and damaged visibly by any change of line ends.
  static let magic: [UInt8] = [0x89, 0x4e, 0x53, 0x52, 0x0d, 0x0a, 0x1a, 0x0a]
  static let footerMagic: [UInt8] = Array("NSRINDEX".utf8)
  static let version = 1
  static let headerLength = 32
  static let recordHeadLength = 24
  static let entryLength = 32
  static let footerLength = 24
  /// No record is longer; a larger length is damage.
  static let maximumPayload = 1 << 40

  static func padded(_ count: Int) -> Int { (count + 7) & ~7 }

  /// The file's header.
  static func header(createdMilliseconds: UInt64) -> [UInt8] {
    var bytes = magic
    append(UInt16(version), to: &bytes)
    append(UInt16(headerLength), to: &bytes)
    append(UInt32(0), to: &bytes)
    append(createdMilliseconds, to: &bytes)
    append(UInt32(0), to: &bytes)
    append(CRC32.of(bytes), to: &bytes)
    return bytes
  }

  /// Reads the header: when the recording began, in milliseconds since 1970.
  static func created(_ header: [UInt8]) throws(RecordingError) -> UInt64 {
    guard header.count >= magic.count, header.starts(with: magic) else { throw .notARecording }
    guard header.count >= headerLength else {
      throw .damaged(offset: 0, .truncated)
    }
    let version = Int(load(header, 8, UInt16.self))
    guard version == Self.version else { throw .version(version) }
    guard CRC32.of(Array(header[..<28])) == load(header, 28, UInt32.self) else {
      throw .damaged(offset: 0, .checksum)
    }
    return load(header, 16, UInt64.self)
  }

  /// A record's head with its checksum, which covers everything but itself: head, payload, padding.
  static func recordHead(
    _ type: RecordType, payload: UnsafeRawBufferPointer, microseconds: UInt64
  ) -> [UInt8] {
    var head: [UInt8] = [type.rawValue, 0, 0, 0, 0, 0, 0, 0]
    append(UInt64(payload.count), to: &head)
    append(microseconds, to: &head)
    let padding = [UInt8](repeating: 0, count: padded(payload.count) - payload.count)
    var checksum = recordChecksum(head)
    checksum.update(payload)
    padding.withUnsafeBytes { checksum.update($0) }
    withUnsafeBytes(of: checksum.value.littleEndian) { head.replaceSubrange(4..<8, with: $0) }
    return head
  }

  /// The checksum's beginning, over the head without the checksum itself.
  static func recordChecksum(_ head: [UInt8]) -> CRC32 {
    var checksum = CRC32()
    head[..<4].withUnsafeBytes { checksum.update($0) }
    head[8..<recordHeadLength].withUnsafeBytes { checksum.update($0) }
    return checksum
  }

  /// The last bytes of a finished file: where its index record begins.
  static func footer(indexOffset: Int) -> [UInt8] {
    var bytes = footerMagic
    append(UInt64(indexOffset), to: &bytes)
    append(UInt32(0), to: &bytes)
    append(CRC32.of(bytes), to: &bytes)
    return bytes
  }

  /// Reads a footer; nil when it is none.
  static func indexOffset(_ footer: [UInt8]) -> UInt64? {
    guard footer.count == footerLength, footer.starts(with: footerMagic),
      CRC32.of(Array(footer[..<20])) == load(footer, 20, UInt32.self)
    else { return nil }
    return load(footer, 8, UInt64.self)
  }

  static func append(_ value: some FixedWidthInteger, to bytes: inout [UInt8]) {
    withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
  }

  /// A little-endian number; the caller has checked that it is there.
  static func load<Number: FixedWidthInteger>(
    _ bytes: [UInt8], _ offset: Int, _: Number.Type
  ) -> Number {
    bytes.withUnsafeBytes {
      Number(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: Number.self))
    }
  }
}
