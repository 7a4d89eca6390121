import Synchronization
import Testing

@testable import Tensors

@Suite struct WorkerTeamTests {
  @Test(arguments: [1, 2, 3, 8])
  func `every part runs once, however often and however many`(threads: Int) {
    let team = WorkerTeam(threads: threads)
    for parts in [0, 1, 2, 3, 17, 1000] + Array(repeating: 5, count: 300) {
      let sum = Atomic(0)
      let seen = (0..<parts).reduce(0) { $0 + $1 + 1 }
      team.run(parts: parts) { part in _ = sum.add(part + 1, ordering: .relaxed) }
      #expect(sum.load(ordering: .relaxed) == seen)
    }
  }

  @Test func `a team that went to sleep wakes for more`() async throws {
    let team = WorkerTeam(threads: 4)
    for _ in 0..<5 {
      try await Task.sleep(for: .milliseconds(5))
      let sum = Atomic(0)
      team.run(parts: 64) { _ in _ = sum.add(1, ordering: .relaxed) }
      #expect(sum.load(ordering: .relaxed) == 64)
    }
  }

  @Test func `threads are numbered from the caller's zero`() {
    let team = WorkerTeam(threads: 3)
    let wrong = Atomic(0)
    team.run(parts: 500) { _, thread in
      if !(0..<3).contains(thread) { _ = wrong.add(1, ordering: .relaxed) }
    }
    #expect(wrong.load(ordering: .relaxed) == 0)
  }
}
