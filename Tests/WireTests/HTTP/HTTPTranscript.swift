import HTTPTypes

@testable import Wire

/// What a machine makes of bytes, as lines of text: one per event, bodies joined.
///
/// Requests are answered as soon as they are complete, so that the next one in the pipeline comes up.
struct HTTPTranscript {
  var machine: HTTPServerMachine
  var lines: [String] = []
  private var body: [UInt8] = []
  private var isOver = false

  init(limits: HTTPLimits = .standard) { machine = HTTPServerMachine(limits: limits) }

  /// Feeds bytes in pieces of one size, then the end if asked.
  static func of(
    _ bytes: [UInt8], piece: Int, limits: HTTPLimits = .standard, ended: Bool = false
  ) -> [String] {
    var transcript = HTTPTranscript(limits: limits)
    for start in stride(from: 0, to: bytes.count, by: piece) {
      transcript.feed(Array(bytes[start..<min(start + piece, bytes.count)]))
    }
    if ended { transcript.end() }
    return transcript.lines
  }

  mutating func feed(_ bytes: [UInt8]) {
    machine.receive(bytes)
    drain()
  }

  mutating func end() {
    machine.receiveEnd()
    drain()
  }

  private mutating func drain() {
    while !isOver {
      do throws(ProtocolViolation) {
        switch try machine.next() {
        case .head(let head): lines.append(Self.text(head))
        case .body(let bytes): body += bytes
        case .end(let trailers):
          if !body.isEmpty { lines.append("body " + String(decoding: body, as: UTF8.self)) }
          body = []
          lines.append("end" + trailers.map { " \($0.name.rawName)=\($0.value)" }.joined())
        case .needMore: return
        case .paused: answer()
        case .finished:
          lines.append("finished")
          isOver = true
        }
      } catch {
        lines.append("! \(error.rule.rawValue) \(error.status.code)")
        isOver = true
      }
    }
  }

  private mutating func answer() {
    let date = HTTPDate(secondsSince1970: 0)
    do {
      _ = try machine.respond(with: HTTPResponse(status: .ok), body: .none, date: date)
      _ = try machine.finishResponse()
    } catch {
      lines.append("misuse \(error)")
      isOver = true
    }
  }

  private static func text(_ head: RequestHead) -> String {
    var words = [head.method.rawValue, head.target.path]
    if !head.target.query.isEmpty {
      words.append("?" + head.target.query.map { "\($0.name)=\($0.value)" }.joined(separator: "&"))
    }
    if head.minorVersion == 0 { words.append("1.0") }
    if !head.keepsAlive { words.append("close") }
    if head.expectsContinue { words.append("continue") }
    if !head.upgrades.isEmpty { words.append("upgrade:" + head.upgrades.joined(separator: ",")) }
    return words.joined(separator: " ")
  }
}
