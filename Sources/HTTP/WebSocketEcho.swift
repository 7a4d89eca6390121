import Synchronization
import Wire

extension WebSocketUpgrade {
  /// Sends every message back as it came, compressed where the peer agreed to that.
  ///
  /// For conformance suites only: they count an uncompressed answer to a compressed message as a fault,
  /// even where RFC 7692 (section 6) leaves the choice to the sender.
  package static var echo: WebSocketUpgrade {
    WebSocketUpgrade(subprotocols: []) { peer in
      let echo = peer.windowBits.flatMap { EchoCompressor(windowBits: $0) }
      return Session(received: { message in
        switch message {
        case .text(let text):
          let bytes = Array(text.utf8)
          await peer.send(echo.map { .deflatedText($0.deflate(bytes)) } ?? .text(bytes))
        case .binary(let bytes):
          await peer.send(echo.map { .deflatedBinary($0.deflate(bytes)) } ?? .binary(bytes))
        }
      })
    }
  }
}

/// One echoing conversation's compressor; its messages come one at a time, but from any thread.
private final class EchoCompressor: Sendable {
  private let compressor: Mutex<WebSocketCompressor>

  init?(windowBits: Int) {
    guard let compressor = WebSocketCompressor(windowBits: windowBits) else { return nil }
    self.compressor = Mutex(compressor)
  }

  func deflate(_ payload: [UInt8]) -> [UInt8] {
    compressor.withLock { $0.deflated(payload) }
  }
}
