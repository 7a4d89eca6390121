import TestKit
import Testing

@testable import Engine

@Suite struct `The plan of passes` {
  /// A busy world: clients of several habits, made from a seed.
  private static func history(
    seed: UInt64, passes: Int, _ check: (inout PlannerWorld, Int, inout SeededGenerator) -> Void
  ) {
    var random = SeededGenerator(seed: seed)
    var world = PlannerWorld(places: Int.random(in: 1...16, using: &random))
    let clients = Int.random(in: 1...6, using: &random)
    for _ in 0..<passes {
      while Int.random(in: 0..<4, using: &random) == 0, world.runs.count < 80 {
        let isLong = Int.random(in: 0..<5, using: &random) == 0
        world.come(
          "c\(Int.random(in: 0..<clients, using: &random))",
          prompt: Int.random(in: 1...(isLong ? 900 : 40), using: &random),
          tokens: Int.random(in: 1...60, using: &random))
      }
      check(&world, Int.random(in: 1...300, using: &random), &random)
    }
  }

  @Test(arguments: 0..<40)
  func `every plan keeps within its bounds and computes something`(seed: UInt64) {
    Self.history(seed: seed, passes: 300) { world, rows, _ in
      let before = world.runs
      let candidates = world.candidates
      let planned = world.pass(rows: rows)
      #expect(planned.isEmpty == before.isEmpty)
      let decodes = planned.filter(\.part.isDecode)
      let prompts = planned.filter { !$0.part.isDecode }
      #expect(
        planned.map(\.part.isDecode) == decodes.map { _ in true } + prompts.map { _ in false })
      #expect(decodes.count <= world.planner.places)
      #expect(prompts.count <= PassPlanner.promptsPerPass)
      #expect(prompts.reduce(0) { $0 + $1.part.count } <= rows)
      #expect(Set(planned.map(\.part.candidate)).count == planned.count)
      for (_, part) in planned {
        let candidate = candidates[part.candidate]
        #expect(candidate.isDecoding == part.isDecode)
        #expect((1...candidate.pending).contains(part.count))
        #expect(!part.isDecode || part.count == candidate.pending)
        #expect(part.count >= min(PassPlanner.minimumShare, candidate.pending, rows))
      }
    }
  }

  @Test(arguments: 0..<40)
  func `what has begun is bounded, and everything ends`(seed: UInt64) {
    var last = PlannerWorld()
    Self.history(seed: seed, passes: 200) { world, rows, _ in
      world.pass(rows: rows)
      let places = world.planner.places
      #expect(world.runs.count(where: \.hasBegun) <= places * 4 + 6)
      last = world
    }
    let work = last.runs.reduce(0) { $0 + $1.prompt + $1.left }
    for _ in 0..<work where !last.runs.isEmpty { last.pass(rows: 16) }
    #expect(last.runs.isEmpty)
  }

  @Test(arguments: [1, 5, 15, 31, 64, 200])
  func `a short prompt is read in the next pass, however long the one before it is`(tokens: Int) {
    for other in ["same", "another"] {
      var world = PlannerWorld()
      world.come("same", prompt: 3700, tokens: 100)
      for _ in 0..<(tokens % 7) { world.pass(rows: 512) }
      let short = world.come(other, prompt: tokens, tokens: 8)
      var passes = 0
      while world.wait(of: short) == nil {
        world.pass(rows: 64)
        passes += 1
      }
      // 64 rows, of which a client has half; the turn of the oldest may come between.
      #expect(passes <= (tokens + 31) / 32 + 2 + (tokens + 31) / 96)
    }
  }

  @Test(arguments: [8, 60, 250])
  func `a client waits for none of another's runs`(count: Int) throws {
    var world = PlannerWorld()
    for _ in 0..<count { world.come("a", prompt: 30, tokens: 200) }
    for _ in 0..<50 { world.pass(rows: 64) }
    let first = world.come("b", prompt: 30, tokens: 20)
    let second = world.come("b", prompt: 8, tokens: 20)
    for _ in 0..<22 { world.pass(rows: 64) }
    #expect(try #require(world.wait(of: first)) <= 2)
    #expect(try #require(world.wait(of: second)) <= 2)
    // Each of its passes had both: nobody stood in for them.
    #expect(world.ended.count { $0.client == "b" } == 2)
  }

  @Test func `what is short begins and ends among long runs of its own client`() throws {
    var world = PlannerWorld()
    for _ in 0..<60 { world.come("a", prompt: 30, tokens: 300) }
    for _ in 0..<40 { world.pass(rows: 64) }
    let short = world.come("a", prompt: 20, tokens: 10)
    var passes = 0
    while !world.ended.contains(where: { $0.number == short }), passes < 100 {
      world.pass(rows: 64)
      passes += 1
    }
    // One in four passes belongs to who waited longest.
    #expect(passes <= 16)
  }

  @Test(arguments: 0..<20)
  func `clients with enough to read are read equally much`(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let clients = Int.random(in: 2...9, using: &random)
    var world = PlannerWorld()
    for client in 0..<clients {
      for _ in 0..<Int.random(in: 1...5, using: &random) {
        world.come("c\(client)", prompt: 50_000, tokens: 1)
      }
    }
    var read: [String: Int] = [:]
    for _ in 0..<200 {
      let rows = Int.random(in: 16...200, using: &random)
      for (run, part) in world.pass(rows: rows) { read[run.client, default: 0] += part.count }
    }
    let most = read.values.max() ?? 0
    let least = read.values.min() ?? 0
    #expect(read.count == clients)
    #expect(most - least <= 400, "\(read)")
  }

  @Test func `who was away has saved nothing up`() {
    var world = PlannerWorld()
    world.come("b", prompt: 20, tokens: 1)
    world.pass(rows: 64)
    world.come("a", prompt: 100_000, tokens: 1)
    for _ in 0..<100 { world.pass(rows: 16) }
    world.come("b", prompt: 100_000, tokens: 1)
    var read: [String: Int] = [:]
    for _ in 0..<20 {
      for (run, part) in world.pass(rows: 16) { read[run.client, default: 0] += part.count }
    }
    #expect(read == ["a": 160, "b": 160])
  }

  @Test func `the longest prompt of a client is read among ever new short ones`() throws {
    var world = PlannerWorld()
    let long = world.come("a", prompt: 640, tokens: 1)
    var passes = 0
    while world.wait(of: long) == nil, passes < 1000 {
      for _ in 0..<4 { world.come("a", prompt: 16, tokens: 1) }
      world.pass(rows: 64)
      passes += 1
    }
    // Ten passes would do alone; it has the fourth of them.
    #expect(passes <= 44)
  }

  @Test func `decoding runs of one client take turns where places are short`() {
    var world = PlannerWorld(places: 2)
    for _ in 0..<2 { world.come("a", prompt: 1, tokens: 1000) }
    world.pass(rows: 64)
    for _ in 0..<3 { world.come("b", prompt: 1, tokens: 1000) }
    var turns: [Int: Int] = [:]
    for _ in 0..<120 { for (run, _) in world.pass(rows: 64) { turns[run.number, default: 0] += 1 } }
    #expect(turns[0, default: 0] >= 12 && turns[1, default: 0] >= 12)
    #expect(turns[0, default: 0] + turns[1, default: 0] == 120)
  }
}
