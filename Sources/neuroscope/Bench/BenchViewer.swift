internal import Foundation

/// A viewer that costs almost nothing: it reads a run's WebSocket and looks only for the tokens' events.
struct BenchViewer: Sendable {
  /// What it saw.
  struct Sight: Sendable {
    /// When each token's event came.
    var tokens: [ContinuousClock.Instant] = []
    var bytes = 0
    /// By the server's own clock, from the run's last event.
    var decodeSpeed = 0.0
  }

  private static let token = Array(#""type":"token""#.utf8)
  private static let finished = Array(#""type":"run.finished""#.utf8)
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
    var buffer = [UInt8](repeating: 0, count: 1 << 18)
    /// The end of what came before, in case an event was cut in two.
    var carried: [UInt8] = []
    while true {
      let count = buffer.withUnsafeMutableBytes { Fence.read(descriptor, into: $0) }
      guard count > 0 else { break }
      let now = ContinuousClock.now
      sight.bytes += count
      let text = carried + buffer[..<count]
      for _ in 0..<Self.occurrences(of: Self.token, in: text) { sight.tokens.append(now) }
      if let end = Self.place(of: Self.finished, in: text[...]),
        let speed = Self.number("decode_tokens_per_second", in: text[end...])
      {
        sight.decodeSpeed = speed
        break
      }
      let keeps = Self.place(of: Self.finished, in: text[...]) != nil
      carried = Array(text.suffix(keeps ? text.count : Self.token.count - 1))
    }
    Fence.release(descriptor)
    return sight
  }

  private static func occurrences(of word: [UInt8], in text: [UInt8]) -> Int {
    var count = 0
    var rest = text[...]
    while let place = place(of: word, in: rest) {
      count += 1
      rest = rest[(place + word.count)...]
    }
    return count
  }

  private static func place(of word: [UInt8], in text: ArraySlice<UInt8>) -> Int? {
    guard text.count >= word.count else { return nil }
    return (text.startIndex...(text.endIndex - word.count)).first { place in
      text[place] == word[0] && text[place..<(place + word.count)].elementsEqual(word)
    }
  }

  /// The number behind `"name":`, once all of it has come.
  private static func number(_ name: String, in text: ArraySlice<UInt8>) -> Double? {
    let key = Array("\"\(name)\":".utf8)
    guard let place = place(of: key, in: text) else { return nil }
    let digits = text[(place + key.count)...]
    guard let end = digits.firstIndex(where: { $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: "}") })
    else { return nil }
    return Double(String(decoding: digits[..<end], as: UTF8.self))
  }
}
