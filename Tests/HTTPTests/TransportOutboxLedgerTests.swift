@testable import HTTP
import HTTPTypes
import TestKit
import Testing

/// What happens when too much waits for all peers together.
@Suite(.ownThreads, .timeLimit(.minutes(60))) struct TransportOutboxLedgerTests {
  private static let start = ContinuousClock.now

  @discardableResult
  private func enter(
    _ connection: Int, _ byteCount: Int, tookAt seconds: Int, now: Int, in ledger: OutboxLedger,
    _ log: SignalLog
  ) -> Bool {
    ledger.enter(
      connection, byteCount: byteCount, tookLast: Self.start + .seconds(seconds),
      now: Self.start + .seconds(now)
    ) { log.note("\(connection)") }
  }

  @Test func `what waits is the sum of the connections' last words`() {
    let ledger = OutboxLedger(limit: 1000)
    let log = SignalLog()
    enter(1, 300, tookAt: 0, now: 0, in: ledger, log)
    enter(2, 300, tookAt: 0, now: 0, in: ledger, log)
    #expect(ledger.isTight)
    enter(1, 100, tookAt: 1, now: 1, in: ledger, log)
    #expect(ledger.byteCount == 400)
    #expect(!ledger.isTight)
    ledger.remove(2)
    ledger.remove(2)
    #expect(ledger.byteCount == 100)
    #expect(log.all == [])
  }

  @Test func `the slowest go first, and no more of them than must`() {
    let ledger = OutboxLedger(limit: 1000)
    let log = SignalLog()
    enter(1, 400, tookAt: 2, now: 5, in: ledger, log)
    enter(2, 400, tookAt: 1, now: 5, in: ledger, log)
    enter(3, 100, tookAt: 0, now: 5, in: ledger, log)
    #expect(log.all == [])
    enter(4, 300, tookAt: 5, now: 5, in: ledger, log)
    #expect(log.all == ["3", "2"])
    #expect(ledger.byteCount == 700)
  }

  @Test func `who took something just now is spared`() {
    let ledger = OutboxLedger(limit: 100)
    let log = SignalLog()
    enter(1, 5000, tookAt: 9, now: 9, in: ledger, log)
    enter(2, 5000, tookAt: 9, now: 9, in: ledger, log)
    #expect(log.all == [])
    enter(2, 4000, tookAt: 11, now: 11, in: ledger, log)
    #expect(log.all == ["1"])
    #expect(ledger.review(at: Self.start + .seconds(11)), "too much waits still")
    #expect(!ledger.review(at: Self.start + .seconds(12)))
    #expect(log.all == ["1", "2"])
    #expect(ledger.byteCount == 0)
  }

  @Test func `one of those who find too much waiting is asked to come back`() {
    let ledger = OutboxLedger(limit: 100)
    let log = SignalLog()
    #expect(!enter(1, 90, tookAt: 0, now: 0, in: ledger, log))
    #expect(enter(2, 90, tookAt: 0, now: 0, in: ledger, log))
    #expect(!enter(3, 90, tookAt: 0, now: 0, in: ledger, log))
    #expect(!ledger.review(at: Self.start + .seconds(1)))
    #expect(log.all.count == 2)
  }
}
