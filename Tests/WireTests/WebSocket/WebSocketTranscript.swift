import TestKit

@testable import Wire

/// Frames as a client sends them.
enum ClientFrame {
  static let mask: [UInt8] = [0x37, 0xfa, 0x21, 0x3d]

  /// A masked frame; `first` is the whole first byte.
  static func bytes(_ first: UInt8, _ payload: [UInt8]) -> [UInt8] {
    var head: [UInt8] = [first]
    switch payload.count {
    case ..<126: head.append(0x80 | UInt8(payload.count))
    case ..<65_536: head += [0xfe, UInt8(payload.count >> 8), UInt8(payload.count & 255)]
    default: head += [0xff] + (0..<8).map { UInt8(payload.count >> (56 - 8 * $0) & 255) }
    }
    return head + mask + payload.enumerated().map { $1 ^ mask[$0 % 4] }
  }

  static func text(_ text: String) -> [UInt8] { bytes(0x81, Array(text.utf8)) }
}

/// What a machine makes of bytes, as lines of text.
enum WebSocketTranscript {
  static func of(
    _ bytes: [UInt8], piece: Int, limits: WebSocketLimits = .standard,
    deflate: PermessageDeflate? = nil, ended: Bool = false
  ) -> [String] {
    var machine = WebSocketMachine(limits: limits, deflate: deflate)
    var lines: [String] = []
    for start in stride(from: 0, to: bytes.count, by: max(1, piece)) {
      machine.receive(Array(bytes[start..<min(start + max(1, piece), bytes.count)]))
      guard drain(&machine, &lines) else { return lines }
    }
    if ended {
      machine.receiveEnd()
      _ = drain(&machine, &lines)
    }
    return lines
  }

  /// False once nothing more will come.
  private static func drain(_ machine: inout WebSocketMachine, _ lines: inout [String]) -> Bool {
    while true {
      do throws(ProtocolViolation) {
        switch try machine.next() {
        case .text(let text): lines.append("text \(text)")
        case .binary(let bytes): lines.append("binary \(hex(bytes))")
        case .ping(let bytes): lines.append("ping \(hex(bytes))")
        case .pong(let bytes): lines.append("pong \(hex(bytes))")
        case .close(let code, let reason):
          lines.append("close \(code.map { String($0.rawValue) } ?? "-") \(reason)")
        case .needMore: return true
        case .finished:
          lines.append("finished")
          return false
        }
      } catch {
        lines.append("! \(error.rule.rawValue) \(error.closeCode.rawValue)")
        return false
      }
    }
  }
}
