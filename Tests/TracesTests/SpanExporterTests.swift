import StreamKit
import TestKit
import Testing

@testable import Traces

/// What happens between the end of a span and its collector, which may be well, slow, full or dead.
@Suite(.ownThreads, .timeLimit(.minutes(60))) struct SpanExporterTests {
  @Test func `spans come in batches, each once, in the order of their ends`() async throws {
    let collector = try await CollectorKit()
    let kit = try TracerKit(collector.url) {
      $0.delay = .seconds(3600)
      $0.batch = 10
    }
    // Two batches are full at once; the rest waits for the end.
    kit.spans(0..<25)
    #expect(await eventually { collector.requests >= 2 })
    await kit.tracer.close(within: .seconds(600))
    let bodies = try collector.bodies.map { try SentSpan.read($0).spans.map(\.name) }
    #expect(bodies.flatMap(\.self) == (0..<25).map { "\($0)" })
    #expect(bodies.allSatisfy { $0.count <= 10 })
    #expect(kit.count("sent") == 25 && kit.count("failed") == 0 && kit.count("dropped") == 0)
    #expect(kit.log.lines.isEmpty)
  }

  @Test func `a first span is sent soon, though nothing follows it`() async throws {
    let collector = try await CollectorKit()
    let kit = try TracerKit(collector.url)
    kit.spans(0..<1)
    #expect(await eventually { kit.count("sent") == 1 })
    kit.spans(1..<2)
    #expect(await eventually { kit.count("sent") == 2 })
    #expect(try collector.spans.map(\.name) == ["0", "1"])
  }

  @Test(arguments: [429, 502, 503, 504])
  func `a collector that is busy is asked again, and gets everything once`(
    status: Int
  ) async throws {
    let collector = try await CollectorKit([.status(status), .status(status)])
    let kit = try TracerKit(collector.url)
    kit.spans(0..<3)
    #expect(await eventually { kit.count("sent") == 3 })
    #expect(collector.requests == 3)
    #expect(try collector.spans.map(\.name) == ["0", "1", "2"])
    #expect(kit.log.lines.isEmpty)
  }

  @Test func `a collector says how long it wants to be left alone, within bounds`() {
    func wait(_ retryAfter: Int?) -> Duration? {
      guard case .later(_, let wait) = CollectorPost.answer(503, [], retryAfter: retryAfter) else {
        return nil
      }
      return wait
    }
    #expect(wait(nil) == nil)
    #expect(wait(7) == .seconds(7))
    #expect(wait(4_000_000_000) == .seconds(30))
  }

  @Test(arguments: [400, 401, 404, 413, 500, 301])
  func `a collector that refuses is not asked again, and that is told once`(
    status: Int
  ) async throws {
    let collector = try await CollectorKit(then: .status(status))
    let kit = try TracerKit(collector.url)
    for number in 0..<5 {
      kit.spans(number..<(number + 1))
      #expect(await eventually { kit.count("failed") == Double(number + 1) })
    }
    #expect(collector.requests == 5)
    #expect(kit.lines("does not take") == 1 && kit.lines("status \(status)") == 1)
    // When it is well again, the next trouble is news.
    collector.answer(.taken)
    kit.spans(5..<6)
    #expect(await eventually { kit.count("sent") == 1 })
    collector.answer(.status(status))
    kit.spans(6..<7)
    #expect(await eventually { kit.count("failed") == 6 })
    #expect(kit.lines("does not take") == 2)
  }

  @Test func `a busy collector is given up after a while`() async throws {
    let collector = try await CollectorKit(then: .status(503))
    let kit = try TracerKit(collector.url) { $0.attempts = 3 }
    kit.spans(0..<2)
    #expect(await eventually { kit.count("failed") == 2 })
    #expect(collector.requests == 3)
    #expect(kit.lines("does not take") == 1)
  }

  @Test func `nobody waits where there is no collector`() async throws {
    // Nobody listens on port 1.
    let kit = try TracerKit("http://127.0.0.1:1") { $0.attempts = 2 }
    kit.spans(0..<7)
    #expect(await eventually { kit.count("failed") == 7 })
    #expect(kit.lines("does not take") == 1)
    await kit.tracer.close(within: .seconds(600))
  }

  @Test func `where too many wait, the newest are lost, counted, and told once`() async throws {
    let collector = try await CollectorKit(then: .silence)
    let kit = try TracerKit(collector.url) {
      $0.batch = 4
      $0.line = 8
    }
    kit.spans(0..<4)
    #expect(await eventually { collector.requests == 1 })
    // Four are on their way and eight wait.
    kit.spans(4..<100)
    #expect(kit.count("dropped") == 88)
    #expect(kit.lines("too many wait") == 1)
    await kit.tracer.close(within: .milliseconds(1))
    #expect(kit.count("failed") == 12)
    #expect(kit.count("sent") == 0)
    #expect(try collector.spans.isEmpty)
  }

  @Test func `an attempt that hangs is ended, and the batch is sent again`() async throws {
    let collector = try await CollectorKit([.silence])
    let kit = try TracerKit(collector.url) { $0.answer = .milliseconds(300) }
    kit.spans(0..<2)
    #expect(await eventually { kit.count("sent") == 2 })
    #expect(collector.requests >= 2)
    // A collector that says nothing may have heard it: at least once is what OTLP promises.
    #expect(try Set(collector.spans.map(\.name)) == ["0", "1"])
  }

  @Test func `spans that a collector rejects are counted as such`() async throws {
    let collector = try await CollectorKit(then: .partly(rejected: 2))
    let kit = try TracerKit(collector.url) { $0.delay = .milliseconds(50) }
    kit.spans(0..<5)
    await kit.tracer.close(within: .seconds(600))
    #expect(kit.count("failed") > 0 && kit.count("sent") + kit.count("failed") == 5)
    #expect(kit.lines("too old") == 1)
  }

  @Test func `the end sends what waits, and takes no more`() async throws {
    let collector = try await CollectorKit()
    let kit = try TracerKit(collector.url) { $0.delay = .seconds(3600) }
    kit.spans(0..<3)
    await kit.tracer.close(within: .seconds(600))
    #expect(try collector.spans.map(\.name) == ["0", "1", "2"])
    kit.spans(3..<5)
    await kit.tracer.close(within: .seconds(600))
    #expect(collector.requests == 1)
    #expect(kit.count("dropped") == 2)
    #expect(kit.log.lines.isEmpty)
  }

  @Test func `the end waits no longer than it may`() async throws {
    let collector = try await CollectorKit(then: .silence)
    let kit = try TracerKit(collector.url)
    kit.spans(0..<3)
    #expect(await eventually { collector.requests == 1 })
    let began = ContinuousClock.now
    await kit.tracer.close(within: .milliseconds(100))
    #expect(ContinuousClock.now - began < .seconds(300))
    #expect(kit.count("failed") == 3)
  }

  @Test(arguments: [
    (#"{}"#, 0), ("", 0), ("no JSON", 0), (#"{"partialSuccess":{}}"#, 0),
    (#"{"partialSuccess":{"rejectedSpans":"3"}}"#, 3),
    (#"{"partialSuccess":{"rejectedSpans":4}}"#, 4),
    (#"{"partialSuccess":{"rejectedSpans":"-1"}}"#, 0), (#"{"partialSuccess":7}"#, 0), ("[]", 0),
  ]) func `an answer tells what was rejected`(body: String, count: Int) {
    for status in [200, 202] {
      guard
        case .taken(let rejected, _) = CollectorPost.answer(
          status, Array(body.utf8), retryAfter: nil)
      else {
        Issue.record("\(body) is taken for a refusal")
        continue
      }
      #expect(rejected == count)
    }
  }
}
