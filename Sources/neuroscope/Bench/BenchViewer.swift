internal import Foundation

/// A viewer that costs almost nothing: it reads a run's WebSocket and looks only at the texts.
struct BenchViewer: Sendable {
  /// What it saw.
  struct Sight: Sendable {
    /// When each token's event came.
    var tokens: [ContinuousClock.Instant] = []
    var bytes = 0
    /// By the server's own clock, from the run's last event.
    var decodeSpeed = 0.0
  }

  private static let token = Array(#"{"type":"token","#.utf8)
  private static let finished = Array(#"{"type":"run.finished","#.utf8)
  private let descriptor: Int32

  /// Joins a run before it goes on.
  ///
  /// - Throws: ``CommandFailure`` where the server does not take it in.
  init(port: UInt16, run: String) throws {
    guard let descriptor = Fence.connect(port: port) else {
      throw CommandFailure("no connection to port \(port)")
    }
    self.descriptor = descriptor
    let request = """
      GET /v1/runs/\(run)/socket HTTP/1.1\r
      Host: 127.0.0.1:\(port)\r
      Upgrade: websocket\r
      Connection: Upgrade\r
      Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r
      Sec-WebSocket-Version: 13\r
      Sec-WebSocket-Protocol: neuroscope.v1\r
      \r

      """
    guard Fence.write(Array(request.utf8), to: descriptor) else {
      throw CommandFailure("the server hung up")
    }
  }

  /// Reads on a thread of its own until the run is over.
  func watch() async -> Sight {
    await withCheckedContinuation { continuation in
      Thread.detachNewThread { continuation.resume(returning: read()) }
    }
  }

  private func read() -> Sight {
    var sight = Sight()
    var messages = BenchMessages()
    var isOver = false
    withUnsafeTemporaryAllocation(byteCount: 1 << 18, alignment: 16) { buffer in
      while !isOver {
        let count = Fence.read(descriptor, into: buffer)
        guard count > 0 else { break }
        let now = ContinuousClock.now
        sight.bytes += count
        messages.take(UnsafeRawBufferPointer(rebasing: buffer[..<count])) { text in
          if text.starts(with: Self.token) {
            sight.tokens.append(now)
          } else if text.starts(with: Self.finished) {
            sight.decodeSpeed = Self.number("decode_tokens_per_second", in: text) ?? 0
            isOver = true
          }
        }
      }
    }
    Fence.release(descriptor)
    return sight
  }

  /// The number behind `"name":`, once all of it has come.
  private static func number(_ name: String, in text: ArraySlice<UInt8>) -> Double? {
    let key = Array("\"\(name)\":".utf8)
    guard let place = text.firstRange(of: key) else { return nil }
    let digits = text[place.upperBound...]
    guard let end = digits.firstIndex(where: { $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: "}") })
    else { return nil }
    return Double(String(decoding: digits[..<end], as: UTF8.self))
  }
}
