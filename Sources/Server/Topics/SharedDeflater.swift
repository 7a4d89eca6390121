import Compression
import Synchronization

/// Deflates text messages for all viewers that agreed to permessage-deflate.
///
/// No peer keeps a window between messages, so the bytes of one message suit all of them, and one
/// compressor serves the whole server.
///
/// - Standard: RFC 7692, section 7.2.1.
enum SharedDeflater {
  /// The window every peer must accept to get shared bytes (`server_max_window_bits`).
  static let windowBits = 15
  /// Below this many bytes, deflating costs more than it saves.
  static let threshold = 1024

  private static let deflater = Mutex<Deflater?>(
    try? Deflater(DeflateSettings(.raw, level: 1, windowBits: windowBits)))

  /// The payload of a compressed message.
  static func deflate(_ text: [UInt8]) -> [UInt8] {
    deflater.withLock { deflater in
      guard let deflater else { return stored(text) }
      var output: [UInt8] = []
      do {
        try text.withUnsafeBytes { try deflater.compressMessage($0, appendingTo: &output) }
        return output
      } catch {
        return stored(text)
      }
    }
  }

  /// The same message without compression, in stored blocks (RFC 1951, section 3.2.4): what is sent
  /// when there is no memory for a compressor.
  static func stored(_ text: [UInt8]) -> [UInt8] {
    var output: [UInt8] = []
    var rest = text[...]
    while !rest.isEmpty {
      let block = rest.prefix(0xffff)
      rest = rest.dropFirst(block.count)
      let (high, low) = (UInt8(block.count >> 8), UInt8(block.count & 0xff))
      output += [0, low, high, ~low, ~high]
      output += block
    }
    // The beginning of the empty block whose rest the standard leaves out.
    return output + [0]
  }
}
