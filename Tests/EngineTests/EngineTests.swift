import Engine
import Foundation
import Hooks
import Loops
import TestKit
import Testing
import Tokenizers

@Suite struct `The engine` {
  static let prompt: [Token] = (0..<40).map { 3 + ($0 * 37 + $0 * $0) % 400 }

  private func engine() async throws -> (Engine, LoadedModel) {
    let engine = Engine(options: EngineOptions(threads: 2))
    return (engine, try await engine.load(path: TestModels.bundled, id: "m"))
  }

  private func request(_ model: LoadedModel, count: Int = 12) -> GenerationRequest {
    GenerationRequest(
      model: model, tokens: Self.prompt, maxTokens: count,
      sampling: SamplingOptions(temperature: 0))
  }

  private static func spec(_ site: HookSite, _ layer: Int) -> CaptureSpec {
    CaptureSpec(
      hookID: "\(site)_\(layer)", layerName: "layers.\(layer)", component: site.component,
      isInput: false, point: HookPoint(site, layer: layer), selection: Selection())
  }

  private func run(_ engine: Engine, _ request: GenerationRequest) async throws -> EventLog {
    let log = EventLog()
    _ = try await engine.start(request, sink: log)
    try await log.waitForEnd()
    return log
  }

  @Test func `N tokens take N passes, and a pass's captures precede its token`() async throws {
    let (engine, model) = try await engine()
    var request = request(model)
    request.captures = [Self.spec(.residualPost, 0), Self.spec(.mlpOutput, 1)]
    let log = try await run(engine, request)
    var order: [String] = []
    for event in log.events {
      switch event {
      case .captures(let batch):
        #expect(batch.items.count == 2)
        let rows = batch.step == 0 ? Self.prompt.count : 1
        #expect(batch.items.allSatisfy { $0.dimensions == [rows, model.info.hiddenSize] })
        order.append("c\(batch.step)")
      case .token(let step, _, _, _, _): order.append("t\(step)")
      default: break
      }
    }
    #expect(order == (0..<12).flatMap { ["c\($0)", "t\($0)"] })
    let finish = try #require(log.finish)
    #expect(finish.reason == .length)
    #expect(finish.summary.promptTokens == 40 && finish.summary.completionTokens == 12)
  }

  @Test func `captures change neither text nor chance`() async throws {
    let (engine, model) = try await engine()
    var request = request(model, count: 20)
    request.sampling = SamplingOptions(temperature: 1, topP: 0.95, seed: 7)
    let plain = try await run(engine, request)
    request.captures = (0..<model.info.layers).map { Self.spec(.residualPost, $0) }
    let watched = try await run(engine, request)
    let again = try await run(engine, request)
    #expect(plain.tokens == watched.tokens)
    #expect(watched.captures == again.captures)
    request.sampling.seed = 8
    let other = try await run(engine, request)
    #expect(other.tokens != plain.tokens)
  }

  @Test func `concurrent generations have the bits they have alone`() async throws {
    let (engine, model) = try await engine()
    var requests: [GenerationRequest] = []
    for count in [5, 17, 30, 40] {
      var request = request(model, count: 15)
      request.tokens = Array(Self.prompt.prefix(count))
      request.captures = [Self.spec(.residualPost, 2)]
      requests.append(request)
    }
    var alone: [[[Float]]] = []
    for request in requests { alone.append(try await run(engine, request).captures) }
    let logs = requests.map { _ in EventLog() }
    for (request, log) in zip(requests, logs) { _ = try await engine.start(request, sink: log) }
    for (log, expected) in zip(logs, alone) {
      try await log.waitForEnd()
      #expect(log.captures == expected)
    }
  }

  @Test func `a beginning read before is not read again, and changes nothing`() async throws {
    let (engine, model) = try await engine()
    let first = try await run(engine, request(model))
    let second = try await run(engine, request(model))
    #expect(first.tokens == second.tokens)
    #expect(first.finish?.summary.reusedTokens == 0)
    #expect(second.finish?.summary.reusedTokens == 39)
  }

  @Test func `a client fills three fourths of the room for those who wait, and others the rest`()
    async throws
  {
    var options = EngineOptions(threads: 1)
    options.maxWaiting = 8
    let engine = Engine(options: options)
    let model = try await engine.load(path: TestModels.bundled, id: "m")
    func start(_ client: String) async -> Bool {
      var request = request(model)
      request.startsPaused = true
      request.client = ClientKey(client)
      return (try? await engine.start(request, sink: EventLog())) != nil
    }
    for _ in 0..<6 { #expect(await start("a")) }
    #expect(await start("a") == false)
    for _ in 0..<2 { #expect(await start("b")) }
    #expect(await start("b") == false)
  }

  @Test func `cancelling ends a generation before its next step`() async throws {
    let (engine, model) = try await engine()
    let log = EventLog { event, generation in
      if case .token(3, _, _, _, _) = event { generation.cancel() }
    }
    _ = try await engine.start(request(model, count: 200), sink: log)
    try await log.waitForEnd()
    #expect(log.tokens.count == 4)
    #expect(log.finish?.reason == .cancelled)
  }

  @Test func `cancelling a prompt ends it before its next chunk, and its place is free`()
    async throws
  {
    var options = EngineOptions(threads: 2)
    options.promptChunk = 8
    let engine = Engine(options: options)
    let model = try await engine.load(path: TestModels.bundled, id: "m")
    let log = EventLog { event, generation in
      if case .promptProgress(8, 40) = event { generation.cancel() }
    }
    let generation = try await engine.start(request(model), sink: log)
    try await log.waitForEnd()
    let chunks = log.events.count { if case .promptProgress = $0 { true } else { false } }
    #expect(chunks == 1)
    #expect(log.tokens.isEmpty)
    #expect(log.finish?.reason == .cancelled)
    #expect(await engine.facts(generation) == nil)
  }

  @Test func `pause, step, rewind and resume lead to the same text`() async throws {
    let (engine, model) = try await engine()
    let expected = try await run(engine, request(model))
    let log = EventLog()
    var paused = request(model)
    paused.startsPaused = true
    let generation = try await engine.start(paused, sink: log)
    try await engine.step(generation, count: 3)
    try await log.waitForToken(2)
    try await log.wait { if case .paused(2) = $0 { true } else { false } }
    #expect(log.tokens == Array(expected.tokens.prefix(3)))
    try await engine.rewind(generation, toStep: 0)
    try await engine.resume(generation)
    try await log.waitForEnd()
    #expect(log.tokens == Array(expected.tokens.prefix(3)) + expected.tokens.dropFirst(1))
    await #expect(throws: EngineError.self) { try await engine.resume(generation) }
  }

  @Test func `resuming in the middle of counted steps goes on behind them`() async throws {
    let (engine, model) = try await engine()
    let expected = try await run(engine, request(model))
    // Held behind the second of five steps, so that the third has not been computed yet.
    let log = EventLog { event, generation in
      if case .token(1, _, _, _, _) = event { generation.hold() }
    }
    var paused = request(model)
    paused.startsPaused = true
    let generation = try await engine.start(paused, sink: log)
    try await engine.step(generation, count: 5)
    try await log.waitForToken(1)
    try await engine.resume(generation)
    generation.release()
    try await log.waitForEnd()
    #expect(log.tokens == expected.tokens)
  }

  @Test func `a fork goes on by itself from the same state`() async throws {
    let (engine, model) = try await engine()
    let expected = try await run(engine, request(model))
    let log = EventLog()
    var paused = request(model)
    paused.startsPaused = true
    let generation = try await engine.start(paused, sink: log)
    try await engine.step(generation, count: 4)
    try await log.wait { if case .paused(3) = $0 { true } else { false } }
    let child = EventLog()
    let branch = try await engine.branch(generation) {}.branch
    _ = try await engine.start(from: branch, sink: child) { $0.startsPaused = false }
    try await child.waitForEnd()
    #expect(child.tokens == Array(expected.tokens.dropFirst(4)))
    try await engine.resume(generation)
    try await log.waitForEnd()
    #expect(log.tokens == expected.tokens)
  }

  @Test func `an intervention changes nothing before its step and equals one set from the start`()
    async throws
  {
    let (engine, model) = try await engine()
    var request = request(model)
    request.captures = [Self.spec(.residualPost, model.info.layers - 1)]
    let baseline = try await run(engine, request)
    let push = Intervention(
      id: "push", point: HookPoint(.residualPost, layer: 1), change: .scale(1.5))

    let live = EventLog()
    var paused = request
    paused.startsPaused = true
    let generation = try await engine.start(paused, sink: live)
    try await engine.step(generation, count: 5)
    try await live.wait { if case .paused(4) = $0 { true } else { false } }
    let added = try await engine.apply(
      GenerationChange(.intervention(push)), to: generation)
    #expect(added.firstStep == 5 && added.replacedFrom == nil)
    try await engine.resume(generation)
    try await live.waitForEnd()
    #expect(Array(live.captures.prefix(5)) == Array(baseline.captures.prefix(5)))
    #expect(live.captures[5] != baseline.captures[5])
    let announced = live.events.contains {
      if case .interventionApplied("push", firstStep: 5) = $0 { true } else { false }
    }
    #expect(announced)

    request.interventions = [push.starting(at: 5)]
    let offline = try await run(engine, request)
    #expect(offline.captures == live.captures)

    let removed = EventLog()
    let second = try await engine.start(paused, sink: removed)
    _ = try await engine.apply(GenerationChange(.intervention(push)), to: second)
    _ = try await engine.apply(
      GenerationChange(.removal(interventionID: "push")), to: second)
    try await engine.resume(second)
    try await removed.waitForEnd()
    #expect(removed.captures == baseline.captures)
  }

  @Test func `a stop string ends the text before it, even across tokens`() async throws {
    let (engine, model) = try await engine()
    let whole = try await run(engine, request(model, count: 30)).text
    let middle = whole.dropFirst(whole.count / 2).prefix(3)
    try #require(!middle.isEmpty)
    var request = request(model, count: 30)
    request.stopStrings = [String(middle)]
    let log = try await run(engine, request)
    #expect(log.finish?.reason == .stop)
    let end = try #require(whole.range(of: String(middle)))
    #expect(log.text == whole[..<end.lowerBound])
  }

  @Test func `what can't run is refused before anything is computed`() async throws {
    let (engine, model) = try await engine()
    let log = EventLog()
    func refusal(_ change: (inout GenerationRequest) -> Void) async -> String {
      var request = request(model)
      change(&request)
      do {
        _ = try await engine.start(request, sink: log)
        return "admitted"
      } catch { return "\(error)" }
    }
    #expect(await refusal { $0.tokens = [] } == "emptyPrompt")
    #expect(await refusal { $0.tokens = [-1] }.hasPrefix("tokenOutOfRange(-1"))
    #expect(await refusal { $0.maxTokens = 1 << 40 }.hasPrefix("contextOverflow"))
    let outOfRange = Intervention(
      id: "x", point: HookPoint(.headOutput, layer: 0), change: .zero, heads: [999])
    #expect(await refusal { $0.interventions = [outOfRange] }.contains("headOutOfRange(999"))
    #expect(log.events.isEmpty)
    await #expect(throws: EngineError.self) {
      _ = try await engine.load(path: TestModels.root + "/README-that-is-not-there", id: "m")
    }
    #expect(engine.model("m") === model)
  }
}
