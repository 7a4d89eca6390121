@testable import Streams
import Synchronization
import StreamKit
import TestKit
import Testing

/// Viewers are woken one at once, a crowd in rounds; what they get is the same.
@Suite struct TopicPaceTests {
  private static let start = ContinuousClock.now

  private func pace() -> WakePace {
    WakePace(rest: .milliseconds(1), longest: .milliseconds(100))
  }

  /// A topic whose viewers rest for ever between two rounds, and the rounds that it wants.
  private func slowKit(_ rounds: Rounds) -> TopicKit {
    TopicKit(rest: .seconds(1000), later: { rounds.arrange($1) })
  }

  @Test func `a single viewer is woken at once, always`() {
    var pace = pace()
    for _ in 0..<3 { #expect(pace.turn(of: 1, at: Self.start) == .now) }
  }

  @Test func `a crowd is woken at once, then rests for a while that grows with it`() {
    var pace = pace()
    #expect(pace.turn(of: 20, at: Self.start) == .now)
    let soon = Self.start + .milliseconds(4)
    #expect(pace.turn(of: 20, at: soon) == .later(.milliseconds(15)))
    #expect(pace.turn(of: 20, at: soon) == .arranged)
    pace.begin(at: Self.start + .milliseconds(19))
    let later = Self.start + .milliseconds(38)
    #expect(pace.turn(of: 20, at: later) == .now)
    #expect(pace.turn(of: 1000, at: later) == .later(.milliseconds(100)))
  }

  @Test func `items published during a rest come together in the next round`() {
    let rounds = Rounds()
    var kit = slowKit(rounds)
    let log = kit.signals
    let viewers = (0..<3).map { _ in kit.topic.subscribe() }
    for viewer in viewers {
      viewer.begin { log.note("woken") }
      #expect(viewer.drain() == "")
    }
    kit.event()
    #expect(log.all == ["woken", "woken", "woken"])
    for viewer in viewers { #expect(viewer.drain() == "0") }
    kit.event()
    kit.frame()
    kit.event()
    #expect(log.all.count == 3)
    #expect(rounds.count == 1)
    rounds.runAll()
    #expect(log.all.count == 6)
    for viewer in viewers { #expect(viewer.drain() == "1 2 3") }
    kit.event()
    kit.finish()
    #expect(log.all.count == 9, "the end is not kept back")
    for viewer in viewers { #expect(viewer.drain() == "4 finished") }
  }

  @Test func `a run that waits for a viewer does not let it rest`() {
    let rounds = Rounds()
    var kit = slowKit(rounds)
    let log = kit.signals
    let harvester = kit.topic.subscribe(Subscription(policy: .lossless, lag: 1500))
    let other = kit.topic.subscribe()
    harvester.begin { log.note("woken") }
    for viewer in [harvester, other] { #expect(viewer.drain() == "") }
    kit.event()
    for viewer in [harvester, other] { #expect(viewer.drain() == "0") }
    kit.frame()
    #expect(log.all == ["woken"])
    kit.frame()
    #expect(log.all == ["woken", "held", "woken"])
  }
}

/// What a topic wants to be run later.
private final class Rounds: Sendable {
  private let waiting = Mutex<[@Sendable () -> Void]>([])

  var count: Int { waiting.withLock(\.count) }
  func arrange(_ round: @escaping @Sendable () -> Void) { waiting.withLock { $0.append(round) } }

  func runAll() {
    let rounds = waiting.withLock { waiting in
      defer { waiting = [] }
      return waiting
    }
    for round in rounds { round() }
  }
}
