@testable import Streams
import Synchronization
import StreamKit
import TestKit
import Testing

@Suite struct TopicTests {
  @Test func `viewers of one run get the same items, whenever they come`() {
    var kit = TopicKit()
    let early = kit.topic.subscribe()
    kit.event("run.started")
    kit.frame()
    let late = kit.topic.subscribe()
    let live = kit.topic.subscribe(Subscription(from: nil))
    kit.event()
    #expect(early.drain() == "0 1 2")
    #expect(late.drain() == "0 1 2")
    #expect(live.drain() == "2")
    kit.finish()
    #expect(early.drain() == "finished")
  }

  @Test(arguments: 0...6)
  func `resuming anywhere in the ring repeats nothing and misses nothing`(cut: Int) {
    var kit = TopicKit()
    for _ in 0..<3 {
      kit.frame()
      kit.event()
    }
    let resumed = kit.topic.subscribe(Subscription(from: UInt64(cut)))
    #expect(resumed.drain(step: 1) == (cut..<6).map(String.init).joined(separator: " "))
  }

  @Test func `the lag is what the viewer furthest behind has not been given, lost items included`()
  {
    var kit = TopicKit(ring: 4000)
    #expect(kit.topic.greatestLag == 0)
    let ready = kit.topic.subscribe()
    let deaf = kit.topic.subscribe()
    for _ in 0..<6 { kit.frame() }
    kit.event()
    #expect(kit.topic.greatestLag == 7)
    _ = ready.drain()
    #expect(kit.topic.greatestLag == 7)
    _ = deaf.drain()
    #expect(kit.topic.greatestLag == 0)
  }

  @Test func `a number that is yet to come means what comes next`() {
    var kit = TopicKit()
    kit.event()
    let viewer = kit.topic.subscribe(Subscription(from: 99))
    kit.event()
    #expect(viewer.drain() == "1")
  }

  @Test func `frames fall out of the ring before events, and late joiners are told exactly`() {
    var kit = TopicKit(ring: 3000)
    for _ in 0..<5 {
      kit.frame("a")
      kit.frame("b")
      kit.event()
    }
    let late = kit.topic.subscribe()
    #expect(late.drain() == "[a:0-9x4 b:1-10x4] 2 5 8 11 12 13 14")
    let resumed = kit.topic.subscribe(Subscription(from: 7))
    #expect(resumed.drain() == "[b:7-10x2 a:9-9x1] 8 11 12 13 14")
  }

  @Test func `events that fell out are told to late joiners too`() {
    var kit = TopicKit(ring: 700)
    for _ in 0..<10 { kit.event() }
    let late = kit.topic.subscribe()
    #expect(late.drain() == "[events:0-4x5] 5 6 7 8 9")
  }

  @Test func `a viewer that was there before the first item is slow, not late`() {
    var kit = TopicKit(lag: 3000)
    let viewer = kit.topic.subscribe(Subscription(from: 0))
    for _ in 0..<5 {
      kit.frame("a")
      kit.event()
    }
    #expect(viewer.drain() == "[a:0-4x3] 1 3 5 6 7 8 9")
  }

  @Test func `a slow viewer loses its oldest frames, never an event, and is told which`() {
    var kit = TopicKit(lag: 3000)
    let viewer = kit.topic.subscribe(Subscription(from: nil))
    #expect(viewer.drain() == "")
    for _ in 0..<5 {
      kit.frame("a")
      kit.event()
    }
    #expect(viewer.drain() == "[a:0-4x3] 1 3 5 6 7 8 9")
    kit.frame("a")
    #expect(viewer.drain() == "10", "a gap is told once")
  }

  @Test func `a viewer that reads in sips gets everything in order`() {
    var kit = TopicKit()
    let viewer = kit.topic.subscribe()
    for _ in 0..<10 {
      kit.frame()
      kit.event()
    }
    #expect(viewer.drain(step: 1) == (0..<20).map(String.init).joined(separator: " "))
  }

  @Test func `a late joiner reads the whole ring even beyond the lag of live viewers`() {
    var kit = TopicKit(lag: 1500)
    for _ in 0..<10 { kit.frame() }
    let late = kit.topic.subscribe()
    #expect(late.drain(step: 1) == (0..<10).map(String.init).joined(separator: " "))
  }

  @Test func `a viewer that must not be conflated is sent away when slow`() {
    var kit = TopicKit(lag: 2000)
    let viewer = kit.topic.subscribe(Subscription(policy: .disconnect, from: nil))
    #expect(viewer.drain() == "")
    for _ in 0..<3 { kit.frame() }
    #expect(viewer.drain() == "tooSlow")
  }

  @Test func `a live viewer that would lose an event is sent away instead`() {
    var kit = TopicKit(ring: 700)
    let viewer = kit.topic.subscribe()
    kit.event()
    #expect(viewer.drain() == "0")
    for _ in 0..<10 { kit.event() }
    #expect(viewer.drain() == "tooSlow")
  }

  @Test func `a lossless viewer holds the run until it has caught up, and misses nothing`() {
    var kit = TopicKit(ring: 2000, lag: 3000)
    let viewer = kit.topic.subscribe(Subscription(policy: .lossless))
    for _ in 0..<3 { kit.frame() }
    #expect(kit.signals.all == ["held"])
    #expect(kit.topic.isHeld)
    #expect(viewer.drain(step: 1) == "0 1 2")
    #expect(kit.signals.all == ["held", "released"])
    #expect(!kit.topic.isHeld)
  }

  @Test
  func `a lossless viewer holds the run before a small ring is full, whatever lag it may have`() {
    var kit = TopicKit(ring: 2000, lag: 1 << 20)
    let viewer = kit.topic.subscribe(Subscription(policy: .lossless))
    var seen: [String] = []
    for _ in 0..<9 {
      kit.frame()
      if kit.topic.isHeld { seen.append(viewer.drain()) }
    }
    seen.append(viewer.drain())
    #expect(seen.joined(separator: " ") == "0 1 2 3 4 5 6 7 8")
  }

  @Test func `a lossless viewer that leaves lets the run go on`() {
    var kit = TopicKit(lag: 1000)
    let viewer = kit.topic.subscribe(Subscription(policy: .lossless))
    kit.frame()
    viewer.leave()
    #expect(kit.signals.all == ["held", "left", "released"])
  }

  @Test func `a producer that does not wait costs the lossless viewer, not the server`() {
    var kit = TopicKit(ring: 2000, lag: 1000)
    let viewer = kit.topic.subscribe(Subscription(policy: .lossless))
    for _ in 0..<9 { kit.frame() }
    #expect(kit.topic.retainedByteCount <= 4000)
    #expect(viewer.drain() == "tooSlow")
    #expect(kit.signals.all == ["held", "released"])
  }

  @Test func `the run is told once when its last viewer leaves, and onlookers do not count`() {
    var kit = TopicKit()
    kit.event()
    let recorder = kit.topic.subscribe(Subscription(keepsRunAlive: false))
    var first: Subscriber? = kit.topic.subscribe()
    let second = kit.topic.subscribe()
    #expect(first != nil)
    first = nil
    #expect(kit.signals.all == [])
    second.leave()
    second.leave()
    #expect(kit.signals.all == ["left"])
    recorder.leave()
    #expect(kit.signals.all == ["left"])
    #expect(kit.topic.viewerCount == 0)
  }

  @Test func `nobody is told about viewers that leave a finished run`() {
    let kit = TopicKit()
    let log = kit.signals
    let viewer = kit.topic.subscribe()
    kit.finish()
    viewer.leave()
    #expect(log.all == [])
  }

  @Test func `a waiting viewer is woken once per announcement`() {
    var kit = TopicKit()
    let wakes = SignalLog()
    let viewer = kit.topic.subscribe()
    viewer.begin { wakes.note("wake") }
    kit.event()
    #expect(wakes.all == [], "it has not asked yet")
    #expect(viewer.drain() == "0")
    kit.publisher.add("token") { _ in [] }
    kit.publisher.add("token") { _ in [] }
    #expect(wakes.all == [])
    #expect(viewer.drain() == "", "what is not announced is not shown")
    kit.publisher.announce()
    kit.event()
    #expect(wakes.all == ["wake"])
    #expect(viewer.drain() == "1 2 3")
    kit.finish()
    #expect(wakes.all == ["wake", "wake"])
  }

  @Test func `the server's budget counts every item once, and shrinks rings when exceeded`() {
    let budget = ByteBudget(limit: 20_000)
    do {
      var kit = TopicKit(ring: 16_000, budget: budget)
      for _ in 0..<12 { kit.frame() }
      #expect(budget.used == 12 * 1128)
      var other = TopicKit(ring: 16_000, budget: budget)
      for _ in 0..<20 { other.frame() }
      #expect(budget.used <= 20_000 + 1128)
      other.finish()
      kit.finish()
    }
    #expect(budget.used == 0)
  }
}
