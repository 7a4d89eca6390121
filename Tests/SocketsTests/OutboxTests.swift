import TestKit
import Testing

@testable import Sockets

@Suite(.ownThreads) struct OutboxTests {
  @Test func `offers are queued below the limit, dropped at it, refused after closing`() {
    var outbox = Outbox(limit: 4)
    #expect(outbox.offer([1, 2]) == .queued)
    #expect(outbox.offer([3, 4, 5, 6]) == .queued, "an oversized parcel, or it never could go")
    #expect(outbox.offer([7]) == .dropped)
    #expect(outbox.byteCount == 6)
    outbox.close()
    #expect(outbox.offer([8]) == .closed)
    #expect(outbox.isEmpty)
  }

  @Test func `a dropped parcel leaves nothing of itself behind`() {
    var outbox = Outbox(limit: 1)
    #expect(outbox.offer([1], [2]) == .queued)
    #expect(outbox.offer([3], [4]) == .dropped)
    #expect(drain(&outbox, by: 99) == [1, 2])
  }

  @Test func `what completes something begun is taken beyond the limit, until closing`() {
    var outbox = Outbox(limit: 1)
    outbox.append([[1, 2], [3]])
    outbox.append([[4]])
    #expect(outbox.room == 0)
    #expect(drain(&outbox, by: 2) == [1, 2, 3, 4])
    outbox.close()
    outbox.append([[5]])
    #expect(outbox.isEmpty)
  }

  @Test(arguments: 1...9)
  func `partial writes of any size give the same bytes`(step: Int) {
    var outbox = Outbox(limit: 1000)
    _ = outbox.offer([1, 2, 3], [], [4])
    _ = outbox.offer([5, 6, 7, 8, 9, 10])
    #expect(drain(&outbox, by: step) == Array(1...10))
    #expect(outbox.isEmpty)
    _ = outbox.offer([11])
    #expect(drain(&outbox, by: step) == [11])
  }

  @Test func `one gathering write lends at most so many pieces`() {
    var outbox = Outbox(limit: 1000)
    for byte in 0..<10 { _ = outbox.offer([UInt8(byte)]) }
    #expect(outbox.withNext(4) { $0.count } == 4)
    #expect(outbox.withNext(99) { $0.count } == 10)
  }

  @Test func `thousands of pieces are forgotten as they go`() {
    var outbox = Outbox(limit: 1 << 20)
    for round in 0..<5000 {
      _ = outbox.offer([UInt8(round & 0xff)], [1, 2, 3])
      if round % 3 == 0 { outbox.advance(by: 7) }
    }
    let left = outbox.byteCount
    #expect(drain(&outbox, by: 100).count == left)
  }

  @Test func `advancing too far stops at the end`() {
    var outbox = Outbox(limit: 10)
    _ = outbox.offer([1, 2, 3])
    outbox.advance(by: 99)
    #expect(outbox.isEmpty)
    #expect(outbox.withNext { $0.count } == 0)
  }

  /// What a peer gets that takes at most `step` bytes at a time.
  private func drain(_ outbox: inout Outbox, by step: Int) -> [UInt8] {
    var received: [UInt8] = []
    while !outbox.isEmpty {
      let taken = outbox.withNext { pieces in Array(pieces.joined().prefix(step)) }
      received += taken
      outbox.advance(by: taken.count)
    }
    return received
  }
}
