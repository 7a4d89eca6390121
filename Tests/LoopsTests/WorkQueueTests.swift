import Dispatch
import Synchronization
import TestKit
import Testing

@testable import Loops

/// Long work beside short tasks.
@Suite(.timeLimit(.minutes(60))) struct WorkQueueTests {
  private static let limits = WorkTurns.Limits(small: 2, large: 1, waiting: 4, largeBytes: 1000)

  /// Work that stands still until it is let go.
  private final class Gate: Sendable {
    private let semaphore = DispatchSemaphore(value: 0)
    let entered = Atomic(0)

    func pass() {
      entered.add(1, ordering: .relaxed)
      semaphore.wait()
    }

    func open(_ count: Int) { for _ in 0..<count { semaphore.signal() } }
  }

  @Test func `work that stands still on all its threads holds no other task`() async throws {
    let queue = WorkQueue(limits: .init(small: 40, large: 1, waiting: 40, largeBytes: 1000))
    let gate = Gate()
    let works = (0..<30).map { _ in
      Task { try await queue.turn(bytes: 1) { gate.pass() } }
    }
    // Far more than Swift has threads, and this task still goes on.
    #expect(await eventually { gate.entered.load(ordering: .relaxed) == 30 })
    gate.open(30)
    for work in works { try await work.value }
  }

  @Test func `the task's values and its cancellation reach the work`() async throws {
    let queue = WorkQueue(limits: Self.limits)
    let client = try await ClientKey.$current.withValue(ClientKey("me")) {
      try await queue.turn(bytes: 1) { ClientKey.current }
    }
    #expect(client == ClientKey("me"))
    let gate = Gate()
    let work = Task {
      try await queue.turn(bytes: 1) {
        gate.pass()
        return Task.isCancelled
      }
    }
    #expect(await eventually { gate.entered.load(ordering: .relaxed) == 1 })
    work.cancel()
    gate.open(1)
    #expect(try await work.value)
  }

  @Test func `too much waiting work is refused, and what is left is withdrawn`() async throws {
    let queue = WorkQueue(limits: Self.limits)
    let gate = Gate()
    let running = Task { try await queue.turn(bytes: 1) { gate.pass() } }
    #expect(await eventually { gate.entered.load(ordering: .relaxed) == 1 })
    let waiting = (0..<3).map { _ in Task { try await queue.turn(bytes: 1) { gate.pass() } } }
    #expect(await eventually { queue.waitingCount == 3 })
    await #expect(throws: WorkRefusal.busy(waiting: 3, limit: 3)) {
      try await queue.turn(bytes: 1) {}
    }
    let other = Task {
      try await ClientKey.$current.withValue(ClientKey("other")) {
        try await queue.turn(bytes: 1) {}
      }
    }
    try await other.value
    waiting[1].cancel()
    await #expect(throws: WorkRefusal.cancelled) { try await waiting[1].value }
    #expect(queue.waitingCount == 2)
    gate.open(3)
    try await running.value
    for index in [0, 2] { try await waiting[index].value }
    #expect(gate.entered.load(ordering: .relaxed) == 3)
  }

  @Test func `work of tasks that were cancelled before never begins`() async throws {
    let queue = WorkQueue(limits: Self.limits)
    let works = (0..<3).map { _ in
      Task {
        withUnsafeCurrentTask { $0?.cancel() }
        try await queue.turn(bytes: 1) { _ = Issue.record("it began") }
      }
    }
    for work in works {
      await #expect(throws: WorkRefusal.cancelled) { try await work.value }
    }
    #expect(try await queue.turn(bytes: 1) { 7 } == 7)
  }
}
