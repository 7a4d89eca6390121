import Engine
import TestKit
import Testing
import Tokenizers

@testable import Hooks

/// Runs that are watched, against a search of everything that the same runs compute.
@Suite(.timeLimit(.minutes(60))) struct `Runs that are watched` {
  /// A run as it is computed without anybody watching, with the whole tensors of some points.
  struct Base {
    struct Tensor {
      let dimensions: [Int]
      let positions: [Int]
      let values: [Float]

      /// The numbers of a head at a position's place.
      func row(_ head: Int, _ place: Int) -> [Float] {
        let width = dimensions[dimensions.count - 1]
        let first = (head * positions.count + place) * width
        return Array(values[first..<first + width])
      }
    }

    let prompt: [Token]
    let seed: UInt64
    /// By pass and point.
    var passes: [[HookPoint: Tensor]] = []
    var tokens: [TokenScore] = []
  }

  static let points =
    [
      HookPoint(.residualPost, layer: 5), HookPoint(.query, layer: 9), HookPoint(.key, layer: 2),
      HookPoint(.mlpPost, layer: 20), HookPoint(.attentionPattern, layer: 3),
      HookPoint(.attentionScores, layer: 17), HookPoint(.finalNorm), HookPoint(.logits),
    ]
  static let count = 6

  let engine: Engine
  let model: LoadedModel

  init() async throws {
    engine = Engine(options: EngineOptions(threads: 2))
    model = try await engine.load(path: TestModels.bundled, id: "m")
  }

  func request(_ base: Base) -> GenerationRequest {
    GenerationRequest(
      model: model, tokens: base.prompt, maxTokens: Self.count,
      sampling: SamplingOptions(temperature: 1.3, seed: base.seed))
  }

  static func spec(_ point: HookPoint, _ selection: Selection = Selection()) -> CaptureSpec {
    CaptureSpec(
      hookID: "h", layerName: point.name, component: point.site.component, isInput: false,
      point: point, selection: selection)
  }

  func base(_ number: Int) async throws -> Base {
    var random = SeededGenerator(seed: UInt64(number))
    var base = Base(
      prompt: (0..<Int.random(in: 3...9, using: &random)).map { _ in
        Token.random(in: 3..<400, using: &random)
      }, seed: UInt64(number))
    var request = request(base)
    request.captures = Self.points.map { Self.spec($0) }
    let log = EventLog()
    _ = try await engine.start(request, sink: log)
    try await log.waitForEnd()
    for event in log.events {
      switch event {
      case .captures(let batch):
        var pass: [HookPoint: Base.Tensor] = [:]
        for item in batch.items {
          pass[batch.specs[item.spec].point] = Base.Tensor(
            dimensions: item.dimensions, positions: item.positions,
            values: batch.withValues(of: item) { Array($0) })
        }
        base.passes.append(pass)
      case .token(_, _, _, let score, _): base.tokens.append(score)
      default: break
      }
    }
    return base
  }

  /// Runs to its end, going on after each pause, and holds all that is told against the search.
  private func check(_ base: Base, _ watches: [Watchpoint], _ name: String) async throws -> Int {
    var request = request(base)
    request.watches = watches
    request.captures = watches.compactMap(\.capture)
    let expected = watches.enumerated().flatMap { self.expected(base, $1, $0) }
      .sorted { ($0.step, $0.watch) < ($1.step, $1.watch) }
    let log = EventLog()
    let generation = try await engine.start(request, sink: log)
    let last = base.tokens.count - 1
    let pauses = Set(
      expected.filter { watches[$0.watch].action == .pause && $0.step < last }.map(\.step)
    ).sorted()
    for step in pauses {
      try await log.wait { event in
        switch event {
        case .paused(step), .finished, .failed: true
        default: false
        }
      }
      let facts = await engine.facts(generation)
      #expect(facts?.isPaused == true && facts?.step == step, "\(name)")
      #expect(facts?.tokens.count == base.prompt.count + step + 1, "\(name)")
      try await engine.resume(generation)
    }
    try await log.waitForEnd()
    var told: [WatchFiring] = []
    var paused: [Int] = []
    var scores: [TokenScore] = []
    for event in log.events {
      switch event {
      case .watchFired(let firing, let done):
        told.append(firing)
        #expect(firing.step == scores.count, "before its token; \(name)")
        let action = watches[firing.watch].action
        let expected: WatchOutcome =
          switch action {
          case .pause: firing.step < last ? .paused : .ended
          case .mark: .marked
          case .snapshot: .snapshot
          }
        #expect(done == expected, "\(name)")
      case .token(_, _, _, let score, _): scores.append(score)
      case .paused(let step): paused.append(step)
      default: break
      }
    }
    #expect(told == expected, "\(name): \(watches)")
    #expect(paused == pauses, "\(name)")
    #expect(scores == base.tokens, "no bit of the output is another; \(name)")
    return told.count
  }

  @Test func `a thousand runs pause and tell exactly where a search of the full capture does`()
    async throws
  {
    var bases: [Base] = []
    for number in 0..<20 { bases.append(try await base(number)) }
    var fired = 0
    var cases = 0
    for first in stride(from: 0, to: 1000, by: 10) {
      try await withThrowingTaskGroup(of: Int.self) { group in
        for number in first..<first + 10 {
          var random = SeededGenerator(seed: 7000 + UInt64(number))
          let base = bases[number % bases.count]
          let watches = (0..<Int.random(in: 1...3, using: &random)).map { _ in
            watch(base, &random)
          }
          group.addTask { try await check(base, watches, "case \(number)") }
        }
        for try await count in group {
          fired += count
          cases += 1
        }
      }
    }
    #expect(cases == 1000)
    // Most fire, in some pass; a search for what is never there would find no fault.
    #expect(fired > 2000)
  }

  @Test func `numbers that are not finite are told before the run fails of them`() async throws {
    let base = try await base(3)
    var request = request(base)
    let place = HookPoint(.residualPost, layer: 4)
    let watches = [
      Watchpoint(.rows(Self.spec(HookPoint(.residualPost, layer: 3))), .notFinite, .mark),
      Watchpoint(.rows(Self.spec(place)), .notFinite),
      Watchpoint(.rows(Self.spec(place, Selection(reduction: .norm))), .notFinite, .snapshot),
      Watchpoint(.rows(Self.spec(place)), .above(-1e38), .mark),
    ]
    request.watches = watches
    request.captures = watches.compactMap(\.capture)
    var vector = [Float](repeating: 0, count: model.info.hiddenSize)
    vector[1] = .greatestFiniteMagnitude
    request.interventions = [
      Intervention(
        id: "i", point: place,
        change: .add(vector: vector, strength: 1e6), fromStep: 2)
    ]
    let log = EventLog()
    _ = try await engine.start(request, sink: log)
    try await log.waitForEnd()
    let told = log.events.compactMap { event -> (WatchFiring, WatchOutcome)? in
      if case .watchFired(let firing, let done) = event { (firing, done) } else { nil }
    }
    let faults = told.filter { $0.0.watch < 3 }
    #expect(faults.map(\.0.watch) == [1, 2] && faults.map(\.1) == [.ended, .snapshot])
    #expect(faults.allSatisfy { $0.0.step == 2 && $0.0.position == base.prompt.count + 1 })
    #expect(faults.first?.0.index == [1] && faults.first?.0.value == .infinity)
    #expect(faults.last?.0.row?.values[1] == .infinity)
    #expect(told.count { $0.0.watch == 3 } == 3)
    guard case .failed(.notFinite(step: 2))? = log.events.last else {
      Issue.record("\(String(describing: log.events.last))")
      return
    }
  }

  @Test func `steps that are counted end at a pause, and a rewind forgets what was compared`()
    async throws
  {
    let base = try await base(5)
    var request = request(base)
    let spec = Self.spec(
      HookPoint(.residualPost, layer: 5), Selection(positions: .last, reduction: .norm))
    let norms = Self.places(base, spec).map { ($0.step, $0.numbers[0] ?? 0) }
    let changes = zip(norms, norms.dropFirst()).filter { $1.0 > 0 }
      .map { (step: $1.0, size: abs(Double($1.1) - Double($0.1))) }
    let most = try #require(
      changes.filter { (1..<Self.count - 1).contains($0.step) }.max { $0.size < $1.size })
    request.watches = [Watchpoint(.rows(spec), .changesBy(most.size), .pause)]
    request.captures = request.watches.compactMap(\.capture)
    request.startsPaused = true
    let log = EventLog()
    let generation = try await engine.start(request, sink: log)
    func stand(at step: Int) async throws {
      try await log.wait { if case .paused(step) = $0 { true } else { false } }
    }
    let expected = self.expected(base, request.watches[0], 0).map(\.step)
    let first = try #require(expected.first)
    try await engine.step(generation, count: 100)
    try await stand(at: first)
    #expect(await engine.facts(generation)?.step == first)
    // The pass after the rewind has nothing before it that it could be compared with.
    try await engine.rewind(generation, toStep: first - 1)
    try await engine.resume(generation)
    try await log.wait { event in
      if case .finished = event { true } else { false }
    }
    let told = log.events.compactMap { event -> Int? in
      if case .watchFired(let firing, _) = event { firing.step } else { nil }
    }
    #expect(told.count { $0 == first } == 1)
  }

  @Test func `a branch compares with what its parent saw, unless it watches for something else`()
    async throws
  {
    let base = try await base(5)
    var request = request(base)
    let spec = Self.spec(HookPoint(.residualPost, layer: 5), Selection(reduction: .norm))
    request.watches = [Watchpoint(.rows(spec), .changesBy(.leastNonzeroMagnitude), .mark)]
    request.captures = request.watches.compactMap(\.capture)
    request.startsPaused = true
    let parent = EventLog()
    let generation = try await engine.start(request, sink: parent)
    try await engine.step(generation, count: 2)
    try await parent.wait { if case .paused(1) = $0 { true } else { false } }
    let branch = try await engine.branch(generation) {}.branch
    for (watches, steps) in [
      (request.watches, Array(2..<Self.count)),
      ([Watchpoint(.rows(spec), .changesBy(.leastNormalMagnitude), .mark)], Array(3..<Self.count)),
      ([], []),
    ] {
      let child = EventLog()
      var changed = request
      changed.watches = watches
      changed.captures = watches.compactMap(\.capture)
      changed.startsPaused = false
      let order = changed
      _ = try await engine.start(from: branch, sink: child) { $0 = order }
      try await child.waitForEnd()
      let told = child.events.compactMap { event -> Int? in
        if case .watchFired(let firing, _) = event { firing.step } else { nil }
      }
      #expect(told == steps)
    }
    generation.cancel()
  }
}
