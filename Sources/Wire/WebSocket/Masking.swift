/// The exclusive-or that clients lay over their payloads.
///
/// - Standard: RFC 6455, section 5.3.
enum Masking {
  /// Takes the mask off bytes that begin `phase` bytes into their payload (or puts it on: it is the same).
  static func apply(_ key: InlineArray<4, UInt8>, phase: Int, to bytes: inout [UInt8]) {
    var word: UInt64 = 0
    for place in 0..<8 { word |= UInt64(key[(phase + place) % 4]) << UInt64(8 * place) }
    bytes.withUnsafeMutableBytes { buffer in
      var index = 0
      while index + 8 <= buffer.count {
        let masked = UInt64(
          littleEndian: buffer.loadUnaligned(fromByteOffset: index, as: UInt64.self))
        buffer.storeBytes(of: (masked ^ word).littleEndian, toByteOffset: index, as: UInt64.self)
        index += 8
      }
      while index < buffer.count {
        buffer[index] ^= key[(phase + index) % 4]
        index += 1
      }
    }
  }
}
