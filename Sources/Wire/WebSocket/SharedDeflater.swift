import Synchronization

/// Deflates text messages for all viewers that agreed to permessage-deflate.
///
/// No peer keeps a window between messages, so the bytes of one message suit all of them, and one
/// compressor serves the whole server.
package enum SharedDeflater {
  /// The window a peer must accept to get shared bytes (`server_max_window_bits`).
  package static let windowBits = 12

  private static let compressor = Mutex(WebSocketCompressor(windowBits: windowBits))

  /// The payload of a compressed message.
  package static func deflate(_ text: [UInt8]) -> [UInt8] {
    compressor.withLock { $0?.deflated(text) } ?? WebSocketCompressor.stored(text)
  }
}
