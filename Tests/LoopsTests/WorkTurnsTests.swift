import TestKit
import Testing

@testable import Loops

/// Whose work runs next, decided by a value.
@Suite struct WorkTurnsTests {
  private static let large = 1 << 20
  private static func client(_ number: Int) -> ClientKey { ClientKey("client \(number)") }

  /// Turns, and which pieces run as far as the test has seen.
  private struct World {
    var turns: WorkTurns
    var running: [(ticket: Int, client: Int, isLarge: Bool)] = []
    var waiting: [(ticket: Int, client: Int, isLarge: Bool)] = []

    mutating func join(_ client: Int, bytes: Int) -> Bool {
      guard let ticket = try? turns.join(WorkTurnsTests.client(client), bytes: bytes) else {
        return false
      }
      let piece = (ticket, client, bytes >= WorkTurnsTests.large)
      if turns.isRunning(ticket) { running.append(piece) } else { waiting.append(piece) }
      return true
    }

    mutating func finish(_ index: Int) {
      for ticket in turns.finish(running.remove(at: index).ticket) {
        guard let place = waiting.firstIndex(where: { $0.ticket == ticket }) else {
          Issue.record("\(ticket) was not waiting")
          continue
        }
        running.append(waiting.remove(at: place))
      }
    }
  }

  @Test(arguments: 1...20) func `any history keeps the bounds and leaves no thread idle`(
    seed: UInt64
  ) {
    var chance = SeededGenerator(seed: seed)
    let limits = WorkTurns.Limits(
      small: Int.random(in: 1...5, using: &chance), large: Int.random(in: 1...3, using: &chance),
      waiting: 12, largeBytes: Self.large)
    var world = World(turns: WorkTurns(limits: limits))
    for _ in 0..<2000 {
      if Bool.random(using: &chance) || world.running.isEmpty {
        let isLarge = Bool.random(using: &chance)
        let before = world.waiting.count
        let client = Int.random(in: 0..<5, using: &chance)
        let own = world.waiting.count { $0.client == client }
        if !world.join(client, bytes: isLarge ? Self.large : 10) {
          #expect(before == 12 || own == 9)
        }
      } else if Int.random(in: 0..<5, using: &chance) == 0, !world.waiting.isEmpty {
        let index = Int.random(in: 0..<world.waiting.count, using: &chance)
        world.turns.withdraw(world.waiting.remove(at: index).ticket)
      } else {
        world.finish(Int.random(in: 0..<world.running.count, using: &chance))
      }
      check(world, limits)
    }
    while !world.running.isEmpty { world.finish(0) }
    #expect(world.waiting.isEmpty && world.turns.waiting == 0)
  }

  private func check(_ world: World, _ limits: WorkTurns.Limits) {
    for isLarge in [false, true] {
      let running = world.running.filter { $0.isLarge == isLarge }
      let (most, ofOne) =
        isLarge
        ? (limits.large, limits.largeOfOne) : (limits.small, limits.smallOfOne)
      #expect(running.count <= most)
      for client in 0..<5 {
        let own = running.count { $0.client == client }
        #expect(own <= ofOne)
        let wants = world.waiting.contains { $0.client == client && $0.isLarge == isLarge }
        #expect(!wants || own == ofOne || running.count == most, "a thread is idle")
      }
    }
    #expect(world.turns.waiting == world.waiting.count)
  }

  @Test func `a client's piece waits for one piece of each other client at most`() {
    var world = World(
      turns: WorkTurns(limits: .init(small: 1, large: 1, waiting: 400, largeBytes: Self.large)))
    let joined = (0..<4).map { client in (0..<50).count { _ in world.join(client, bytes: 1) } }
    #expect(joined == [50, 50, 50, 50])
    let isIn = world.join(9, bytes: 1)
    #expect(isIn)
    var passes = 0
    while world.running.first?.client != 9, passes < 100 {
      world.finish(0)
      passes += 1
    }
    #expect(passes <= 5)
  }

  @Test func `large pieces of many clients leave threads to small ones`() {
    var world = World(turns: WorkTurns(limits: .init(largeBytes: Self.large)))
    let joined = (0..<10).count { world.join($0, bytes: Self.large) }
    #expect(joined == 10)
    #expect(world.running.count == 2)
    let areIn = [world.join(20, bytes: 10), world.join(0, bytes: 10)]
    #expect(areIn == [true, true])
    #expect(world.running.count == 4)
  }
}
