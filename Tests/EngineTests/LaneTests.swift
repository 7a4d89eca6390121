import Hooks
import Loops
import Models
import Synchronization
import Tensors
import TestKit
import Testing
import Tokenizers

@testable import Engine

/// The sessions of one model, stepped by hand: which pass computes what, and whether its bits are the same.
@Suite struct `Sessions of one model` {
  private let model: LoadedModel
  private let network: LanguageModel
  private let options: EngineOptions
  private let arithmetic = Arithmetic(threads: 2)
  private let pool = CapturePool()

  init() async throws {
    var options = EngineOptions(threads: 2)
    options.promptChunk = 32
    self.options = options
    model = try await Engine(options: options).load(path: TestModels.bundled, id: "m")
    network = try #require(model.model)
  }

  private static func prompt(_ count: Int, seed: Int = 0) -> [Token] {
    (0..<count).map { Token(3 + ($0 * 37 + $0 * $0 + seed * 11) % 400) }
  }

  private func session(
    _ id: UInt64, _ client: String, prompt: [Token], count: Int, watched: Bool = false
  ) -> (session: Session, log: EventLog) {
    let log = EventLog()
    var request = GenerationRequest(
      model: model, tokens: prompt, maxTokens: count, sampling: SamplingOptions(temperature: 0))
    request.client = ClientKey(client)
    let point = HookPoint(.residualPost, layer: 1)
    if watched {
      request.captures = [
        CaptureSpec(
          hookID: "h", layerName: "layers.1", component: point.site.component, isInput: false,
          point: point, selection: Selection())
      ]
    }
    let session = Session(
      generation: Generation(id: id) {}, request: request, sink: log,
      cache: KeyValueCache(shape: network.cacheShape), pool: pool)
    return (session, log)
  }

  private func session(
    _ id: UInt64, _ client: String, prompt: [Token], count: Int, watched: Bool,
    sink: any GenerationSink
  ) -> Session {
    let request = session(id, client, prompt: prompt, count: count, watched: watched).session
      .request
    return Session(
      generation: Generation(id: id) {}, request: request, sink: sink,
      cache: KeyValueCache(shape: network.cacheShape), pool: pool)
  }

  @Test func `a short prompt is answered while a long one is read`() {
    let lane = Lane(model, network, options)
    let long = session(1, "a", prompt: Self.prompt(480), count: 4)
    lane.add(long.session)
    for _ in 0..<3 { lane.step(arithmetic) }
    let short = session(2, "a", prompt: Self.prompt(31, seed: 5), count: 4)
    lane.add(short.session)
    var passes = 0
    while short.log.tokens.isEmpty, passes < 100 {
      lane.step(arithmetic)
      passes += 1
    }
    #expect(passes <= 2)
    while lane.hasWork, passes < 400 {
      lane.step(arithmetic)
      passes += 1
    }
    #expect(short.log.tokens.count == 4 && long.log.tokens.count == 4)
  }

  @Test func `one run of a client is not behind sixty of another`() {
    let lane = Lane(model, network, options)
    let many = (0..<60).map {
      session(UInt64($0), "a", prompt: Self.prompt(14, seed: $0), count: 40)
    }
    for run in many { lane.add(run.session) }
    for _ in 0..<10 { lane.step(arithmetic) }
    let one = session(99, "b", prompt: Self.prompt(14, seed: 77), count: 6)
    lane.add(one.session)
    for _ in 0..<8 { lane.step(arithmetic) }
    #expect(one.log.tokens.count == 6)
  }

  @Test(arguments: 0..<6)
  func `prompts read in one pass have the bits that they have alone`(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let orders = (0..<9).map { index in
      (
        prompt: Self.prompt(Int.random(in: 1...160, using: &random), seed: index),
        client: "c\(Int.random(in: 0..<4, using: &random))",
        count: Int.random(in: 1...5, using: &random), delay: Int.random(in: 0..<4, using: &random)
      )
    }
    let alone = orders.map { order in
      let lane = Lane(model, network, options)
      let run = session(0, order.client, prompt: order.prompt, count: order.count, watched: true)
      lane.add(run.session)
      while lane.hasWork { lane.step(arithmetic) }
      return run.log
    }
    let lane = Lane(model, network, options)
    var together: [EventLog] = []
    for (index, order) in orders.enumerated() {
      let run = session(
        UInt64(index), order.client, prompt: order.prompt, count: order.count, watched: true)
      lane.add(run.session)
      together.append(run.log)
      for _ in 0..<order.delay { lane.step(arithmetic) }
    }
    while lane.hasWork { lane.step(arithmetic) }
    for (one, other) in zip(alone, together) {
      #expect(one.tokens == other.tokens)
      #expect(one.captures == other.captures)
      #expect(!other.tokens.isEmpty)
    }
  }

  @Test func `a pass whose captures have no room waits for it, and gives what it gives alone`()
    throws
  {
    let orders = (0..<4).map {
      (id: UInt64($0), client: "c\($0)", prompt: Self.prompt(90, seed: $0))
    }
    let alone = orders.map { order in
      let lane = Lane(model, network, options)
      let run = session(order.id, order.client, prompt: order.prompt, count: 3, watched: true)
      lane.add(run.session)
      while lane.hasWork { lane.step(arithmetic) }
      return run.log
    }
    let one = session(9, "c", prompt: Self.prompt(90), count: 3, watched: true).session.planPass()
    // Room for one prompt's captures and no second one's, within one client's three fourths.
    let memory = CaptureMemory(limit: one * 3 / 2)
    let lane = Lane(model, network, options, memory: memory)
    let runs = orders.map { order in
      // Captures are copied and let go at once, as viewers that keep up do.
      let log = CopyingLog()
      let run = session(
        order.id, order.client, prompt: order.prompt, count: 3, watched: true, sink: log)
      lane.add(run)
      return (session: run, log: log)
    }
    var waited = false
    var passes = 0
    while runs.contains(where: { !$0.log.isOver }), passes < 500 {
      lane.step(arithmetic)
      waited = waited || runs.contains { $0.session.awaitsMemory }
      #expect(memory.byteCount <= memory.limit)
      lane.noteRoom()
      passes += 1
    }
    #expect(waited && memory.byteCount == 0)
    for (run, other) in zip(runs, alone) {
      #expect(run.log.tokens == other.tokens && !other.tokens.isEmpty)
      #expect(run.log.captures == other.captures && !other.captures.isEmpty)
    }
  }

  @Test func `a pass whose captures never have room is refused with what they take`() async throws {
    var small = options
    small.captureMemory = 4096
    let engine = Engine(options: small)
    var request = session(1, "a", prompt: Self.prompt(90), count: 3, watched: true).session.request
    request.model = try await engine.load(path: TestModels.bundled, id: "m")
    let log = EventLog()
    let wanted = request
    let error = await #expect(throws: EngineError.self) {
      try await engine.start(wanted, sink: log)
    }
    guard case .captureMemory(let bytes, let limit) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(bytes > limit && limit == 3072)
    // Also where hooks come after the beginning.
    let lane = Lane(model, network, options, memory: CaptureMemory(limit: 4096))
    let run = session(2, "a", prompt: Self.prompt(90), count: 3, watched: true)
    lane.add(run.session)
    lane.step(arithmetic)
    #expect(lane.isEmpty)
    guard case .failed(.captureMemory) = run.log.events.last else {
      Issue.record("\(run.log.events)")
      return
    }
  }
}

/// A sink that copies captures and keeps none of their memory.
final class CopyingLog: GenerationSink {
  private struct State {
    var tokens: [Token] = []
    var captures: [[Float]] = []
    var isOver = false
  }

  private let state = Mutex(State())

  var tokens: [Token] { state.withLock(\.tokens) }
  var captures: [[Float]] { state.withLock(\.captures) }
  var isOver: Bool { state.withLock(\.isOver) }

  func receive(_ event: GenerationEvent, of generation: Generation) {
    state.withLock { state in
      switch event {
      case .captures(let batch):
        state.captures += batch.items.map { item in batch.withValues(of: item) { Array($0) } }
      case .token(_, let token, _, _, _): state.tokens.append(token)
      case .finished, .failed: state.isOver = true
      default: break
      }
    }
  }
}
