import HTTPTypes
import Wire

extension FuzzTarget {
  /// Requests are read alike in any pieces, and answered without misuse.
  package static let http = FuzzTarget(name: "http") { bytes in
    var limits = HTTPLimits()
    limits.requestLine = 200
    limits.fieldSection = 400
    limits.fieldCount = 8
    limits.body = 300
    limits.chunkExtensions = 60
    let whole = transcript(bytes, piece: max(1, bytes.count), limits)
    for piece in [1, 7] where transcript(bytes, piece: piece, limits) != whole {
      return "pieces of \(piece) bytes are read differently"
    }
    return whole.contains("misuse") ? "a request that was read cannot be answered" : nil
  }

  private static func transcript(_ bytes: [UInt8], piece: Int, _ limits: HTTPLimits) -> [String] {
    var machine = HTTPServerMachine(limits: limits)
    var lines: [String] = []
    var body: [UInt8] = []
    for start in stride(from: 0, through: bytes.count, by: piece) {
      let part = bytes[start..<min(start + piece, bytes.count)]
      if part.isEmpty { machine.receiveEnd() } else { machine.receive(Array(part)) }
      guard read(&machine, &lines, &body) else { return lines }
    }
    machine.receiveEnd()
    _ = read(&machine, &lines, &body)
    return lines
  }

  private static func read(
    _ machine: inout HTTPServerMachine, _ lines: inout [String], _ body: inout [UInt8]
  ) -> Bool {
    do {
      while true {
        switch try machine.next() {
        case .head(let head): lines.append("\(head)")
        case .body(let bytes): body += bytes
        case .end(let trailers):
          lines.append("\(body) \(trailers)")
          body = []
        case .needMore: return true
        case .paused:
          _ = try machine.respond(
            with: HTTPResponse(status: .ok), body: .stream, date: HTTPDate(secondsSince1970: 0))
          _ = try machine.envelope(for: 3)
          _ = try machine.finishResponse()
        case .finished:
          lines.append("finished")
          return false
        }
      }
    } catch {
      // The place of a broken line may depend on how much of it had come.
      lines.append((error as? ProtocolViolation).map { $0.rule.rawValue } ?? "misuse")
      return false
    }
  }
}
