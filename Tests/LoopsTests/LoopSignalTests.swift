import Synchronization
import Testing

@testable import Loops

@Suite struct LoopSignalTests {
  @Test func `many raises while the loop is busy are one action, a later one another`() async {
    let loop = Loop(label: "test")
    let count = Mutex(0)
    let signal = LoopSignal(loop: loop) { count.withLock { $0 += 1 } }
    await withCheckedContinuation { continuation in
      loop.execute {
        for _ in 0..<1000 { signal.raise() }
        continuation.resume()
      }
    }
    await settle(loop)
    #expect(count.withLock(\.self) == 1)
    signal.raise()
    await settle(loop)
    #expect(count.withLock(\.self) == 2)
  }

  @Test func `what is raised while the action runs makes it run again`() async {
    let loop = Loop(label: "test")
    let runs = Mutex(0)
    let box = Mutex<LoopSignal?>(nil)
    let signal = LoopSignal(loop: loop) {
      let isFirst = runs.withLock { runs in
        runs += 1
        return runs == 1
      }
      if isFirst { box.withLock(\.self)?.raise() }
    }
    box.withLock { $0 = signal }
    signal.raise()
    await settle(loop)
    await settle(loop)
    #expect(runs.withLock(\.self) == 2)
  }

  /// Waits until everything that waits on the loop now has run.
  private func settle(_ loop: Loop) async {
    await withCheckedContinuation { continuation in
      loop.execute { continuation.resume() }
    }
  }
}
