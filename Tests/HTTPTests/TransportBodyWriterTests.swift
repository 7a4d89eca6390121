@testable import HTTP
import Sockets
import TestKit
import Testing

@Suite(.ownThreads, .timeLimit(.minutes(60))) struct TransportBodyWriterTests {
  @Test func `pieces are pulled in order, then the end`() {
    let writer = BodyWriter()
    #expect(writer.offer([1]) == .queued)
    #expect(writer.offer([]) == .queued)
    #expect(writer.offer([2, 3]) == .queued)
    #expect(text(writer.pull(atMost: 10)) == "[[1], [2, 3]]")
    #expect(text(writer.pull(atMost: 10)) == "later")
    writer.offer([4])
    writer.finish()
    #expect(writer.offer([5]) == .closed)
    #expect(text(writer.pull(atMost: 10)) == "[[4]]")
    #expect(text(writer.pull(atMost: 10)) == "end")
  }

  @Test func `a full writer drops what is offered and makes writers wait for room`() async throws {
    let writer = BodyWriter(limit: 20)
    #expect(writer.offer([UInt8](repeating: 1, count: 50)) == .queued)
    #expect(writer.offer([2]) == .dropped)
    let waiting = Task { try await writer.write([3]) }
    try await Task.sleep(for: .milliseconds(20))
    #expect(text(writer.pull(atMost: 10)).hasPrefix("[[1, 1"))
    try await waiting.value
    #expect(text(writer.pull(atMost: 10)) == "[[3]]")
  }

  @Test func `writers that wait are told when the peer goes`() async throws {
    let writer = BodyWriter(limit: 1)
    writer.offer([1])
    let waiting = (0..<3).map { _ in Task { try await writer.write([2]) } }
    try await Task.sleep(for: .milliseconds(20))
    writer.leave()
    for task in waiting { await #expect(throws: BodyWriter.Closed.self) { try await task.value } }
    #expect(writer.isClosed)
  }

  @Test func `a cancelled writer stops waiting`() async throws {
    let writer = BodyWriter(limit: 1)
    writer.offer([1])
    let waiting = Task { try await writer.write([2]) }
    try await Task.sleep(for: .milliseconds(20))
    waiting.cancel()
    await #expect(throws: CancellationError.self) { try await waiting.value }
  }

  @Test func `a body that is given up is cut, whatever waits`() {
    let writer = BodyWriter()
    writer.offer([1])
    writer.cut()
    #expect(text(writer.pull(atMost: 10)) == "cut")
  }

  private func text(_ pull: BodyPull) -> String {
    switch pull {
    case .pieces(let pieces): "\(pieces)"
    case .later: "later"
    case .end: "end"
    case .cut: "cut"
    }
  }
}
