internal import Compression

/// Compresses text messages once for all viewers that agreed to permessage-deflate.
///
/// - Isolation: belongs to one thread at a time; one per publishing loop suffices.
/// - Standard: RFC 7692, section 7.2.1.
package final class WebSocketCompressor {
  /// The window its output needs: usable for every peer with `serverWindowBits` at least this.
  package let windowBits: Int
  private let deflater: Deflater

  /// Messages shorter than this are not worth the work.
  package static let smallestMessage = 1024

  /// Allocates the compressor; nil without memory.
  ///
  /// - Parameter windowBits: 8…15. With 8, zlib is given 9, where it looks back at most 250 bytes.
  package init?(windowBits: Int = 12) {
    self.windowBits = min(15, max(8, windowBits))
    let settings = DeflateSettings(
      .raw, windowBits: max(9, self.windowBits), memoryLevel: max(1, min(8, windowBits - 7)))
    guard let deflater = try? Deflater(settings) else { return nil }
    self.deflater = deflater
  }

  /// The compressed payload; nil when it would not be shorter.
  package func compress(_ payload: [UInt8]) -> [UInt8]? {
    let output = deflated(payload)
    return output.count < payload.count ? output : nil
  }

  /// The compressed payload, whatever its length; in stored blocks when there is no memory for more.
  package func deflated(_ payload: [UInt8]) -> [UInt8] {
    var output: [UInt8] = []
    let isDone = payload.withUnsafeBytes { bytes in
      (try? deflater.compressMessage(bytes, appendingTo: &output)) != nil
    }
    return isDone ? output : Self.stored(payload)
  }

  /// Blocks of at most 65 535 bytes as they are, then the beginning of an empty one (RFC 1951, section 3.2.4).
  package static func stored(_ payload: [UInt8]) -> [UInt8] {
    var output: [UInt8] = []
    for start in stride(from: 0, to: payload.count, by: 0xffff) {
      let block = payload[start..<min(start + 0xffff, payload.count)]
      let (low, high) = (UInt8(block.count & 0xff), UInt8(block.count >> 8))
      output += [0, low, high, ~low, ~high] + block
    }
    return output + [0]
  }
}
