import Engine
import Foundation
import Hooks
import Synchronization
import Tensors
import TestKit
import Testing
import Tokenizers

@testable import Interpretability

/// Flow graphs against NumPy's shares of transformers' activations (`Tests/References/make_flow.py`), and against themselves.
@Suite struct `The flow of information` {
  /// Largest difference of a share.
  private static let tolerance: Float = 1e-4
  /// Small random models whose shares were computed; none where they were not made.
  static let checkpoints = ReferenceSet.all.filter {
    FileManager.default.fileExists(atPath: $0.answers + ".flow.safetensors")
  }

  private func analysis(
    _ catalogue: HookCatalogue, threshold: Float = 0.001, _ granularity: FlowGranularity,
    keep: Int? = nil, edges: Int = 20_000
  ) -> InformationFlow {
    var values = ParameterValues()
    values["threshold"] = .number(threshold)
    values["granularity"] = .choice(granularity.rawValue)
    values["max_edges"] = .integer(edges)
    if let keep { values["keep"] = .integer(keep) }
    return InformationFlow(values, catalogue)
  }

  /// The graph of a prompt's last position, from one pass over all of it.
  private func graph(
    _ tokens: [Token], _ flow: InformationFlow, on engine: Engine, _ model: LoadedModel
  ) async throws -> FlowGraph {
    let points = flow.captures(model.catalogue, promptTokens: tokens.count).map(\.point)
    let pass = try await PromptPass.run(tokens, on: engine, model, capturing: points)
    let memory = FlowMemory(flow.options, model.catalogue)
    return try #require(await flow.graph(of: pass, memory, on: engine, model))
  }

  @Test(arguments: checkpoints.indices)
  func `every share is NumPy's, in every family`(index: Int) async throws {
    let set = Self.checkpoints[index]
    let engine = Engine(options: EngineOptions(threads: 1))
    let model = try await engine.load(path: set.checkpoint, id: "model")
    let tokens = try #require(ReferenceAnswers(set.answers + ".json").prompts.first).ids
    let expected = try TensorFile(set.answers + ".flow.safetensors").tensors
    let graph = try await graph(
      tokens, analysis(model.catalogue, .headSource), on: engine, model)
    let incoming = Dictionary(grouping: graph.edges, by: \.target)
    var compared = 0
    for node in graph.nodes {
      let found = incoming[node] ?? []
      var shares: [Float] = []
      switch node.kind {
      case .residualMid:
        let heads = try #require(expected["blocks.\(node.layer).heads"])
        let residual = try #require(expected["blocks.\(node.layer).residual"])
        let count = tokens.count
        for edge in found {
          guard case .head(let head?, let source?) = edge.source.kind else {
            shares.append(residual.values[node.position] - edge.share)
            continue
          }
          let place = (node.position * heads.shape[1] + head) * count + source
          shares.append(heads.values[place] - edge.share)
        }
        let row = node.position * heads.shape[1] * count
        let wanted = heads.values[row..<row + heads.shape[1] * count].count { $0 > 0.0012 }
        #expect(found.count >= wanted, "\(set.name) \(node.id)")
      case .residualPost:
        let parts = try #require(expected["blocks.\(node.layer).mlp"])
        let width = parts.shape[1]
        let row = Array(parts.values[node.position * width..<(node.position + 1) * width])
        let kept = row.filter { $0 > 0.0012 }
        #expect(found.count >= kept.count, "\(set.name) \(node.id)")
        for edge in found {
          shares.append(row.map { abs($0 - edge.share) }.min() ?? .infinity)
        }
        if let residual = found.first(where: { $0.source.kind == .residualMid }) {
          shares.append(row[0] - residual.share)
        }
      default: continue
      }
      compared += shares.count
      let worst = shares.map(abs).max() ?? 0
      #expect(worst <= Self.tolerance, "\(set.name) \(node.id) differs by \(worst)")
    }
    #expect(compared > 20, "\(set.name)")
  }

  @Test(arguments: FlowGranularity.allCases)
  func `shares into a node sum to at most 1, and every edge leads to the scores`(
    granularity: FlowGranularity
  ) async throws {
    let engine = Engine(options: EngineOptions(threads: 2))
    let model = try await engine.load(path: TestModels.bundled, id: "bundled")
    let tokens: [Token] = [5, 6, 250, 31, 8, 929, 1776, 5, 6]
    for threshold in [Float(0.001), 0.02, 0.3, 1] {
      let graph = try await graph(
        tokens, analysis(model.catalogue, threshold: threshold, granularity), on: engine, model)
      #expect(Set(graph.nodes).count == graph.nodes.count)
      #expect(Set(graph.nodes.map(\.id)).count == graph.nodes.count)
      #expect(graph.nodes.first?.kind == .logit)
      let sources = Set(graph.edges.map(\.source))
      #expect(graph.nodes.dropFirst().allSatisfy { sources.contains($0) })
      for (_, edges) in Dictionary(grouping: graph.edges, by: \.target) {
        #expect(edges.reduce(0) { $0 + $1.share } <= 1.0001)
        #expect(edges.allSatisfy { $0.share >= threshold && $0.share <= 1.0001 })
      }
    }
  }

  @Test func `a graph that would be too large is cut at a higher threshold, and says which`()
    async throws
  {
    let engine = Engine(options: EngineOptions(threads: 2))
    let model = try await engine.load(path: TestModels.bundled, id: "bundled")
    let tokens: [Token] = [5, 6, 250, 31, 8, 929, 1776, 5, 6]
    for most in [1, 30, 100, 300] {
      let small = try await graph(
        tokens, analysis(model.catalogue, .head, edges: most), on: engine, model)
      #expect(small.edges.count <= most && small.threshold > 0.001)
      let whole = try await graph(
        tokens, analysis(model.catalogue, threshold: small.threshold, .head), on: engine, model)
      #expect(Set(whole.edges) == Set(small.edges))
    }
  }

  @Test func `the graphs of generated tokens are those of one pass over all of them`() async throws
  {
    let engine = Engine(options: EngineOptions(threads: 2))
    let model = try await engine.load(path: TestModels.bundled, id: "bundled")
    let flow = analysis(model.catalogue, threshold: 0.02, .head)
    let prompt: [Token] = [929, 1776, 1149, 1757, 1895, 1603, 929, 1776, 1149]
    let log = PassLog()
    let request = GenerationRequest(
      model: model, tokens: prompt, maxTokens: 6, sampling: SamplingOptions(temperature: 0),
      captures: flow.captures(model.catalogue, promptTokens: prompt.count))
    _ = try await engine.start(request, sink: log)
    let (batches, tokens) = await log.outcome()
    let memory = FlowMemory(flow.options, model.catalogue)
    for (step, batch) in batches.enumerated() {
      let captured = CapturedPass(batch, of: request.captures)
      let found = try #require(await flow.graph(of: captured, memory, on: engine, model))
      let whole = try await graph(
        prompt + tokens.prefix(step), analysis(model.catalogue, threshold: 0.01, .head),
        on: engine, model)
      let shares = Dictionary(
        uniqueKeysWithValues: whole.edges.map { ([$0.source, $0.target], $0.share) })
      for edge in found.edges {
        let share = shares[[edge.source, edge.target]] ?? .infinity
        #expect(abs(share - edge.share) <= Self.tolerance, "\(step) \(edge)")
      }
    }
    #expect(batches.count == 6)
  }

  @Test func `what is kept is bounded, and older positions are one source together`() async throws {
    let engine = Engine(options: EngineOptions(threads: 2))
    let model = try await engine.load(path: TestModels.bundled, id: "bundled")
    let tokens: [Token] = (0..<24).map { 300 + ($0 * 37) % 900 }
    let all = try await graph(tokens, analysis(model.catalogue, .headSource), on: engine, model)
    let few = try await graph(
      tokens, analysis(model.catalogue, .headSource, keep: 5), on: engine, model)
    let bounded = analysis(model.catalogue, .headSource, keep: 5)
    let (less, more) = (
      bounded.keptBytes(model.catalogue, promptTokens: 24, maxTokens: 1),
      bounded.keptBytes(model.catalogue, promptTokens: 24, maxTokens: 100_000)
    )
    #expect(less == more && less > Double(5 * FlowOptions.bytesPerPosition(model.catalogue)))
    let oldest = tokens.count - 5
    var earlier = 0
    for node in few.nodes {
      if case .earlier = node.kind { earlier += 1 }
      if case .head(_, let source?) = node.kind { #expect(source >= oldest) }
      #expect(node.position >= oldest)
    }
    #expect(earlier > 0)
    // Contributions are the same, so shares of what is kept have the same proportions.
    let shares = Dictionary(
      uniqueKeysWithValues: all.edges.map { ([$0.source, $0.target], $0.share) })
    for (target, edges) in Dictionary(grouping: few.edges, by: \.target)
    where target.kind == .residualMid {
      let pairs = edges.compactMap { edge in
        shares[[edge.source, target]].map { (edge.share, $0) }
      }
      guard let first = pairs.first else { continue }
      for pair in pairs {
        #expect(abs(pair.0 * first.1 - pair.1 * first.0) <= 1e-4)
      }
    }
  }

  @Test func `kept rows go around, are taken back, and stay in bounds`() {
    var random = SeededGenerator(seed: 11)
    for limit in [1, 3, 32, 50] {
      var writes = HeadWrites(heads: 1, width: 1, limit: limit)
      var next = 0
      for _ in 0..<200 {
        let count = Int.random(in: 1...9, using: &random)
        if Int.random(in: 0..<8, using: &random) == 0 {
          next = Int.random(in: writes.positions.lowerBound...next, using: &random)
        }
        for run in writes.append(next..<next + count) {
          for position in run.positions {
            run.rows.row(position - run.positions.lowerBound)[0] = Float(position)
          }
        }
        next += count
        #expect(writes.positions.count <= limit && writes.positions.upperBound == next)
        for run in writes.runs(of: writes.positions) {
          for position in run.positions {
            #expect(run.rows.row(position - run.positions.lowerBound)[0] == Float(position))
          }
        }
      }
    }
  }
}

/// Keeps the captures and tokens of a generation until it ends.
private final class PassLog: GenerationSink {
  private struct State {
    var batches: [CaptureBatch] = []
    var tokens: [Token] = []
    var isOver = false
  }

  private let state = Mutex(State())

  func receive(_ event: GenerationEvent, of generation: Generation) {
    state.withLock { state in
      switch event {
      case .captures(let batch): state.batches.append(batch)
      case .token(_, let token, _, _, _): state.tokens.append(token)
      case .finished, .failed: state.isOver = true
      default: break
      }
    }
  }

  func outcome() async -> ([CaptureBatch], [Token]) {
    while !state.withLock(\.isOver) { try? await Task.sleep(for: .milliseconds(2)) }
    return state.withLock { ($0.batches, $0.tokens) }
  }
}
