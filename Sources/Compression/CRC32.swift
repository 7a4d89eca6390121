/// The running CRC-32 of gzip, ZIP and PNG (polynomial 0xEDB88320, reflected).
///
/// Detects every error of up to 32 adjacent bits and so every single flipped bit.
package struct CRC32: Hashable, Sendable {
  /// The checksum of everything taken so far.
  package private(set) var value: UInt32

  /// Begins, or continues from a known value.
  package init(_ value: UInt32 = 0) { self.value = value }

  /// Takes more bytes.
  package mutating func update(_ bytes: UnsafeRawBufferPointer) {
    value = Zlib.crc32(value, bytes)
  }

  /// The checksum of one buffer.
  package static func of(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
    Zlib.crc32(0, bytes)
  }

  /// The checksum of one array.
  package static func of(_ bytes: [UInt8]) -> UInt32 {
    bytes.withUnsafeBytes { Zlib.crc32(0, $0) }
  }
}
