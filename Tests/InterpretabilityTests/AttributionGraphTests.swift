import Engine
import Foundation
import Hooks
import Synchronization
import TestKit
import Testing
import Tokenizers

@testable import Interpretability

/// Attribution graphs against PyTorch's autograd with patterns and denominators detached
/// (`Tests/References/make_graphs.py`), and against themselves.
@Suite struct `Attribution graphs` {
  /// Largest difference of a row's number, as a share of the row's largest.
  private static let tolerance: Float = 1e-4
  /// The same as a share of the graph's largest: in a row much smaller than others, terms of their size cancel, of which
  /// float32 leaves this much (PyTorch's own float32 rows differ as much from its float64 ones).
  private static let floor: Float = 1e-6

  /// A checkpoint and its file of rows.
  struct Case: Sendable {
    let checkpoint: String
    let rows: String
  }

  /// Small random models of every family whose rows were made, and the bundled one; none where they were not made.
  static let cases: [Case] = {
    var cases = ReferenceSet.all.map {
      Case(checkpoint: $0.checkpoint, rows: $0.answers + ".graph.safetensors")
    }
    let roots = ProcessInfo.processInfo.environment["NEUROSCOPE_REFERENCES"]
    for root in roots?.split(separator: ":") ?? [] {
      cases.append(
        Case(checkpoint: TestModels.bundled, rows: "\(root)/graphs/bundled.safetensors"))
    }
    return cases.filter { FileManager.default.fileExists(atPath: $0.rows) }
  }()

  private static let whole = AttributionOptions(nodeThreshold: 1, edgeThreshold: 1)

  private func expect(
    _ found: [Float], _ expected: [Float], of whole: Float = 0, _ name: String
  ) {
    let row = expected.map(\.magnitude).max() ?? 0
    let most = max(row, whole * Self.floor / Self.tolerance, 1e-6)
    let worst = zip(found, expected).map { abs($0 - $1) }.max() ?? .infinity
    #expect(found.count == expected.count, "\(name)")
    #expect(worst <= Self.tolerance * most, "\(name) differs by \(worst) of \(most)")
  }

  /// Numbers by source in the order of the references, all biases together at the end.
  private func ordered(_ layout: GraphLayout, _ number: (Int) -> Float) -> [Float] {
    let t = 0..<layout.positions
    var result = t.map { number(layout.embedding($0)) }
    if layout.hasPositions { result += t.map { number(layout.learnedPosition($0)) } }
    var bias = number(layout.lastBias)
    for layer in 0..<layout.layers {
      result += t.map { number(layout.mlp(layer, $0)) }
      bias += t.reduce(0) { $0 + number(layout.bias(layer, $1)) }
    }
    for layer in 0..<layout.layers {
      result += t.flatMap { position in
        (0..<layout.heads).map { number(layout.head(layer, $0, position)) }
      }
    }
    return result + [bias]
  }

  private func rows(_ graph: AttributionGraph) -> [AttributionGraph.End: [Int: Float]] {
    var rows: [AttributionGraph.End: [Int: Float]] = [:]
    for link in graph.links { rows[link.target, default: [:]][link.source] = link.weight }
    return rows
  }

  @Test(arguments: cases.indices)
  func `every row is PyTorch's with patterns and denominators detached, in every family`(
    index: Int
  ) async throws {
    let one = Self.cases[index]
    let engine = Engine(options: EngineOptions(threads: 1))
    let model = try await engine.load(path: one.checkpoint, id: "model")
    let expected = try TensorFile(one.rows).tensors
    let tokens = try #require(expected["tokens"]).values.map { Token($0) }
    let graph = try #require(
      try await AttributionGraph.make(of: tokens, Self.whole, on: engine, model))
    let name = one.checkpoint
    #expect(graph.targets.map { Float($0.token) } == expected["targets"]?.values, "\(name)")
    expect(graph.targets.map(\.logit), try #require(expected["logits"]).values, "\(name) logits")
    let rows = rows(graph)
    let count = try #require(expected["totals"]).values.count
    let logits = try #require(expected["rows.logits"]).values
    for rank in graph.targets.indices {
      let row = rows[.logit(rank)] ?? [:]
      expect(
        ordered(graph.layout) { row[$0] ?? 0 }, Array(logits[rank * count..<(rank + 1) * count]),
        "\(name) logit \(rank)")
    }
    var values: [Int: Float] = [:]
    for node in graph.nodes { values[node.source] = node.value }
    expect(
      ordered(graph.layout) { values[$0] ?? 0 }, try #require(expected["totals"]).values,
      "\(name) totals")
    let places = try #require(expected["rows.places"]).values.map { Int($0) }
    let heads = try #require(expected["rows.heads"]).values
    let largest = expected["totals"]?.values.map(\.magnitude).max() ?? 0
    for number in 0..<places.count / 3 {
      let place = places[number * 3..<number * 3 + 3]
      let head = graph.layout.head(
        place[place.startIndex], place[place.startIndex + 1], place[place.startIndex + 2])
      let wanted = Array(heads[number * count..<(number + 1) * count])
      // A head that nothing of the logits comes from has no row.
      guard (values[head] ?? 0) != 0 || wanted.contains(where: { $0.magnitude > 1e-6 }) else {
        continue
      }
      let row = rows[.source(head)] ?? [:]
      expect(
        ordered(graph.layout) { row[$0] ?? 0 }, wanted, of: largest,
        "\(name) head \(Array(place))")
    }
  }

  @Test func `links into a logit sum to it, and into a head to what it gives`() async throws {
    let engine = Engine(options: EngineOptions(threads: 2))
    let model = try await engine.load(path: TestModels.bundled, id: "bundled")
    var generator = SeededGenerator(seed: 5)
    for length in [1, 2, 9, 17] {
      let tokens = (0..<length).map { _ in Token.random(in: 0..<2048, using: &generator) }
      let graph = try #require(
        try await AttributionGraph.make(of: tokens, Self.whole, on: engine, model))
      let values = Dictionary(uniqueKeysWithValues: graph.nodes.map { ($0.source, $0.value) })
      for (target, row) in rows(graph) {
        let sum = row.values.reduce(0) { $0 + Double($1) }
        let most = Double(row.values.map(\.magnitude).max() ?? 0)
        switch target {
        case .logit(let rank):
          #expect(abs(sum - Double(graph.targets[rank].logit)) <= 1e-4 * max(most, 1))
        case .source(let head):
          #expect(abs(sum - Double(try #require(values[head]))) <= 1e-4 * max(most, 1))
        }
      }
      let leaves = graph.nodes.filter {
        if case .head = graph.layout.node($0.source).kind { false } else { true }
      }
      let sum = leaves.reduce(0) { $0 + Double($1.value) }
      let wanted = graph.targets.reduce(0) { $0 + $1.weight * Double($1.logit) }
      #expect(abs(sum - wanted) <= 1e-3 * max(abs(wanted), 1))
      let mass = graph.targets.reduce(0) { $0 + $1.probability }
      #expect(graph.targets.count == 10 || mass >= 0.95)
    }
  }

  @Test func `what is pruned is the graph whole, less its lightest parts`() async throws {
    let truth = try CircuitsTruth.bundled().ioi
    let engine = Engine(options: EngineOptions(threads: 2))
    let model = try await engine.load(path: TestModels.bundled, id: "bundled")
    let tokens = truth.prompts[0].ids
    let whole = rows(
      try #require(try await AttributionGraph.make(of: tokens, Self.whole, on: engine, model)))
    var before = Int.max
    for (nodes, edges) in [(0.99, 0.999), (0.9, 0.99), (0.8, 0.98), (0.5, 0.8), (0, 0)] {
      let graph = try #require(
        try await AttributionGraph.make(
          of: tokens, AttributionOptions(nodeThreshold: nodes, edgeThreshold: edges), on: engine,
          model))
      #expect(graph.links.count < before && !graph.links.isEmpty)
      before = graph.links.count
      let kept = Set(graph.nodes.map(\.source))
      for link in graph.links {
        let full = try #require(whole[link.target]?[link.source])
        #expect(abs(full - link.weight) <= 1e-5 * max(1, abs(full)))
        #expect(kept.contains(link.source))
        if case .source(let head) = link.target { #expect(kept.contains(head)) }
      }
      #expect(tokens.indices.allSatisfy { kept.contains(graph.layout.embedding($0)) })
    }
  }

  @Test func `at most as many nodes are kept as were asked for, besides the tokens`() async throws {
    let engine = Engine(options: EngineOptions(threads: 2))
    let model = try await engine.load(path: TestModels.bundled, id: "bundled")
    let tokens: [Token] = [5, 6, 250, 31, 8, 929, 1776, 5, 6]
    for most in [1, 7, 60] {
      let graph = try #require(
        try await AttributionGraph.make(
          of: tokens, AttributionOptions(nodeThreshold: 1, edgeThreshold: 1, mostNodes: most),
          on: engine, model))
      #expect(graph.nodes.count <= most + tokens.count)
      if most == 60 { #expect(graph.nodes.count > tokens.count) }
    }
  }

  @Test func `a difference of two logits is the difference of their rows`() async throws {
    let truth = try CircuitsTruth.bundled().ioi.prompts[0]
    let engine = Engine(options: EngineOptions(threads: 2))
    let model = try await engine.load(path: TestModels.bundled, id: "bundled")
    func graph(_ answer: Token, _ wrong: Token?) async throws -> AttributionGraph {
      let options = AttributionOptions(
        nodeThreshold: 1, edgeThreshold: 1, answer: answer, wrong: wrong)
      return try #require(
        try await AttributionGraph.make(of: truth.ids, options, on: engine, model))
    }
    let both = try await graph(truth.answer_id, truth.wrong_id)
    let (one, other) = (
      try await graph(truth.answer_id, nil), try await graph(truth.wrong_id, nil)
    )
    #expect(abs(both.targets[0].logit - truth.logit_difference) < 1e-3)
    let found = [both, one, other].map { self.rows($0)[.logit(0)] ?? [:] }
    for source in 0..<both.layout.count {
      let numbers = found.map { $0[source] ?? 0 }
      #expect(abs(numbers[0] - (numbers[1] - numbers[2])) < 1e-4)
    }
  }

  @Test func `a graph whose task is cancelled ends early`() async throws {
    let engine = Engine(options: EngineOptions(threads: 2))
    let model = try await engine.load(path: TestModels.bundled, id: "bundled")
    let steps = Mutex(0)
    let task = Task {
      try await AttributionGraph.make(
        of: [5, 6, 250, 31], AttributionOptions(), on: engine, model
      ) { event in
        guard case .done(let done) = event else { return }
        steps.withLock { $0 = done }
        if done == 3 { withUnsafeCurrentTask { $0?.cancel() } }
      }
    }
    let error = await #expect(throws: EngineError.self) { try await task.value }
    guard case .cancelled = error else {
      Issue.record("ended with \(String(describing: error))")
      return
    }
    #expect(steps.withLock(\.self) == 3)
  }

  @Test func `making a graph changes no bit of a run beside it, and tells of every step`()
    async throws
  {
    let engine = Engine(options: EngineOptions(threads: 2))
    let model = try await engine.load(path: TestModels.bundled, id: "bundled")
    let tokens: [Token] = [5, 6, 250, 31, 8, 929]
    let logits = HookPoint(.logits)
    let before = try await PromptPass.run(tokens, on: engine, model, capturing: [logits])
    let told = Mutex<[Int]>([])
    async let graph = AttributionGraph.make(of: tokens, AttributionOptions(), on: engine, model) {
      if case .done(let done) = $0 { told.withLock { $0.append(done) } }
    }
    let beside = try await PromptPass.run(tokens, on: engine, model, capturing: [logits])
    _ = try await graph
    #expect(before.tensor(logits).values == beside.tensor(logits).values)
    let steps = AttributionGraph.steps(model.catalogue)
    #expect(told.withLock(\.self) == Array(1...steps))
  }
}
