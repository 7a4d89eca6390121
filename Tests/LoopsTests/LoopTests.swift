import Dispatch
import Synchronization
import Testing

@testable import Loops

@Suite struct LoopTests {
  /// An actor on a loop, as connections are.
  private actor Counter {
    let loop: Loop
    private(set) var count = 0
    nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

    init(loop: Loop) { self.loop = loop }

    func add() -> Bool {
      count += 1
      return loop.isCurrent
    }

    func addInPlace() { count += 1 }
  }

  @Test func `an actor on a loop runs on the loop`() async {
    let counter = Counter(loop: Loop(label: "test"))
    #expect(await counter.add())
    #expect(await counter.count == 1)
  }

  @Test func `work of the queue enters the actor without a hop`() async {
    let counter = Counter(loop: Loop(label: "test"))
    await withCheckedContinuation { continuation in
      counter.loop.execute {
        counter.assumeIsolated { $0.addInPlace() }
        continuation.resume()
      }
    }
    #expect(await counter.count == 1)
  }

  @Test func `nobody else is on the loop`() {
    #expect(!Loop(label: "test").isCurrent)
  }

  @Test func `a timer fires on the loop after its delay`() async {
    let loop = Loop(label: "test")
    let start = ContinuousClock.now
    let wasOnLoop = await withCheckedContinuation { continuation in
      loop.schedule(after: .milliseconds(80)) { continuation.resume(returning: loop.isCurrent) }
    }
    #expect(wasOnLoop)
    #expect(ContinuousClock.now - start >= .milliseconds(80))
  }

  @Test func `a timer that sets the next one keeps the wheel turning`() async {
    let loop = Loop(label: "test")
    await withCheckedContinuation { continuation in
      loop.schedule(after: .milliseconds(1)) {
        loop.schedule(after: .milliseconds(1)) { continuation.resume() }
      }
    }
  }

  @Test func `a cancelled timer stays silent`() async throws {
    let loop = Loop(label: "test")
    let fired = Atomic(false)
    // On the loop itself, so that nothing can come between setting and cancelling it.
    await withCheckedContinuation { continuation in
      loop.execute {
        let ticket = loop.schedule(after: .milliseconds(1)) {
          fired.store(true, ordering: .relaxed)
        }
        loop.cancel(ticket)
        _ = loop.schedule(after: .milliseconds(100)) { continuation.resume() }
      }
    }
    let hasFired = fired.load(ordering: .relaxed)
    #expect(!hasFired)
  }

  @Test func `a group hands out its loops in turn`() {
    let group = LoopGroup(label: "test", count: 2)
    let first = group.next()
    let second = group.next()
    #expect(first !== second)
    #expect(group.next() === first)
    #expect(LoopGroup(label: "test", count: 0).loops.count == 1)
  }
}
