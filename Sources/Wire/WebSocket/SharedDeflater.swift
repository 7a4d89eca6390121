import Synchronization
import Wire

/// Deflates text messages for all viewers that agreed to permessage-deflate.
///
/// No peer keeps a window between messages, so the bytes of one message suit all of them, and one
/// compressor serves the whole server.
enum SharedDeflater {
  /// The window a peer must accept to get shared bytes (`server_max_window_bits`).
  static let windowBits = 12

  private static let compressor = Mutex(WebSocketCompressor(windowBits: windowBits))

  /// The payload of a compressed message.
  static func deflate(_ text: [UInt8]) -> [UInt8] {
    compressor.withLock { $0?.deflated(text) } ?? WebSocketCompressor.stored(text)
  }
}
