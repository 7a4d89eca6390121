import Wire

extension FuzzTarget {
  /// Frames are read alike in any pieces; messages keep their limit; text is text.
  package static let webSocket = FuzzTarget(name: "websocket") { bytes in
    guard let first = bytes.first else { return nil }
    let deflate = first & 1 == 0 ? nil : PermessageDeflate(offers: ["permessage-deflate"])
    let frames = Array(bytes.dropFirst())
    let whole = transcript(frames, piece: max(1, frames.count), deflate)
    for piece in [1, 5] where transcript(frames, piece: piece, deflate) != whole {
      return "pieces of \(piece) bytes are read differently"
    }
    return whole.contains("over") ? "a message is over its limit" : nil
  }

  private static func transcript(
    _ bytes: [UInt8], piece: Int, _ deflate: PermessageDeflate?
  ) -> [String] {
    var limits = WebSocketLimits()
    limits.message = 500
    limits.fragments = 6
    var machine = WebSocketMachine(limits: limits, deflate: deflate)
    var lines: [String] = []
    for start in stride(from: 0, to: bytes.count, by: piece) {
      machine.receive(Array(bytes[start..<min(start + piece, bytes.count)]))
      guard read(&machine, limits, &lines) else { return lines }
    }
    machine.receiveEnd()
    _ = read(&machine, limits, &lines)
    return lines
  }

  private static func read(
    _ machine: inout WebSocketMachine, _ limits: WebSocketLimits, _ lines: inout [String]
  ) -> Bool {
    do throws(ProtocolViolation) {
      while true {
        let event = try machine.next()
        switch event {
        case .needMore: return true
        case .finished:
          lines.append("finished")
          return false
        case .text(let text) where text.utf8.count > limits.message: lines.append("over")
        case .binary(let bytes) where bytes.count > limits.message: lines.append("over")
        default: lines.append("\(event)")
        }
      }
    } catch {
      lines.append(error.rule.rawValue)
      return false
    }
  }
}
