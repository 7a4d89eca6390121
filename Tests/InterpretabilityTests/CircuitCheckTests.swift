import Engine
import Hooks
import TestKit
import Testing
import Tokenizers

@testable import Interpretability

/// Circuits cut out of the bundled model, against what its interventions give one by one.
@Suite struct `Circuits checked by cutting` {
  private func graph(
    _ prompt: CircuitsTruth.Prompt, on engine: Engine, _ model: LoadedModel
  ) async throws -> AttributionGraph {
    try #require(
      try await AttributionGraph.make(
        of: prompt.ids,
        AttributionOptions(answer: prompt.answer_id, wrong: prompt.wrong_id), on: engine, model))
  }

  private func bundled() async throws -> (CircuitsTruth, Engine, LoadedModel) {
    let engine = Engine(options: EngineOptions(threads: 2))
    let model = try await engine.load(path: TestModels.bundled, id: "bundled")
    return (try CircuitsTruth.bundled(), engine, model)
  }

  @Test func `with all nodes the metric is the model's own, with none the replaced one's`()
    async throws
  {
    let (truth, engine, model) = try await bundled()
    let prompt = truth.ioi.prompts[0]
    let other = truth.patching.swap.corrupt_ids[0]
    let graph = try await graph(prompt, on: engine, model)
    let check = try await CircuitCheck.run(graph, .corrupted(other), on: engine, model)
    #expect(abs(check.whole - prompt.logit_difference) < 1e-3)
    // With every head and feed-forward part of the other prompt, only embeddings are this one's; the last is the same token.
    let swapped = ContrastPrompt(tokens: other, answer: prompt.answer_id, wrong: prompt.wrong_id)
    #expect(abs(check.empty - (try await swapped.difference(on: engine, model))) < 1e-3)
    #expect(check.curve.map(\.nodes) == check.curve.map(\.nodes).sorted())
    #expect(check.curve.first?.faithfulness == 0 && check.curve.last?.faithfulness == 1)
    #expect(check.nodes == 24 * 5 * prompt.ids.count)
  }

  @Test func `cut nodes are those that interventions would change one by one`() async throws {
    let (truth, engine, model) = try await bundled()
    let prompt = truth.ioi.prompts[3]
    let graph = try await graph(prompt, on: engine, model)
    let check = try await CircuitCheck.run(graph, .zero, on: engine, model)
    var edits: [Intervention] = []
    let kept = Set(graph.nodes.map(\.source))
    let layout = graph.layout
    for layer in 0..<layout.layers {
      for position in 0..<layout.positions {
        for head in 0..<layout.heads where !kept.contains(layout.head(layer, head, position)) {
          edits.append(
            Intervention(
              id: "\(layer).\(position).\(head)", point: HookPoint(.headOutput, layer: layer),
              change: Zero(), positions: .list([position]), heads: [head]))
        }
        guard !kept.contains(layout.mlp(layer, position)) else { continue }
        edits.append(
          Intervention(
            id: "\(layer).\(position)", point: HookPoint(.mlpAdded, layer: layer),
            change: Zero(), positions: .list([position])))
      }
    }
    let contrast = ContrastPrompt(
      tokens: prompt.ids, answer: prompt.answer_id, wrong: prompt.wrong_id)
    let expected = try await contrast.difference(on: engine, model, interventions: edits)
    #expect(abs(check.circuit.metric - expected) <= 1e-4 * max(1, abs(expected)))
    #expect(check.circuit.nodes == kept.filter { $0 < layout.writers && layout.isCut($0) }.count)
  }

  @Test func `each part of the circuit is taken out of it alone`() async throws {
    let (truth, engine, model) = try await bundled()
    let prompt = truth.ioi.prompts[2]
    let graph = try await graph(prompt, on: engine, model)
    let (first, last) = (try #require(graph.circuitParts.first), graph.circuitParts.last)
    #expect(Set(graph.circuitParts.flatMap(\.sources)) == graph.circuit)
    #expect(first.part.layer < (last?.part.layer ?? 0))
    let check = try await CircuitCheck.run(
      graph, .zero, testsMinimality: true, on: engine, model)
    #expect(check.minimality.count == graph.circuitParts.count)
    let losses = try check.minimality.map { try #require($0.loss).magnitude }
    #expect(losses == losses.sorted(by: >))
    let removal = try #require(
      check.minimality.first { $0.layer == first.part.layer && $0.head == first.part.head })
    let rows = try await ReplacedRows.find(
      .zero, positions: prompt.ids.count, own: prompt.ids, on: engine, model)
    let contrast = ContrastPrompt(
      tokens: prompt.ids, answer: prompt.answer_id, wrong: prompt.wrong_id)
    let expected = try await contrast.difference(
      on: engine, model,
      interventions: rows.edits(
        graph.layout, keeping: graph.circuit.subtracting(first.sources)))
    #expect(abs(removal.metric - expected) <= 1e-4 * max(1, abs(expected)))
    let plain = try await CircuitCheck.run(graph, .zero, on: engine, model)
    #expect(plain.minimality.isEmpty && plain.circuit == check.circuit)
  }

  @Test func `a mean over one prompt is that prompt's rows`() async throws {
    let (truth, engine, model) = try await bundled()
    let graph = try await graph(truth.ioi.prompts[0], on: engine, model)
    let other = truth.patching.swap.corrupt_ids[1]
    let mean = try await CircuitCheck.run(graph, .mean([other]), on: engine, model)
    #expect(mean == (try await CircuitCheck.run(graph, .corrupted(other), on: engine, model)))
    let own = try await CircuitCheck.run(graph, .ownMean, on: engine, model)
    #expect(own.whole == mean.whole && own.empty != mean.empty)
  }

  @Test func `replaced by the prompt's own rows nothing changes, and no share is told`()
    async throws
  {
    let (truth, engine, model) = try await bundled()
    let prompt = truth.ioi.prompts[0]
    let graph = try await graph(prompt, on: engine, model)
    let check = try await CircuitCheck.run(graph, .corrupted(prompt.ids), on: engine, model)
    #expect(abs(check.whole - check.empty) < 1e-3)
    #expect(check.circuit.faithfulness == nil && check.completeness == nil)
    #expect(check.performance == nil && check.distance == nil)
  }

  @Test func `the areas are those of the curve`() async throws {
    let (truth, engine, model) = try await bundled()
    let graph = try await graph(truth.ioi.prompts[0], on: engine, model)
    let check = try await CircuitCheck.run(graph, .ownMean, on: engine, model)
    var (under, between): (Float, Float) = (0, 0)
    for (one, next) in zip(check.curve, check.curve.dropFirst()) {
      let width = Float(next.nodes - one.nodes) / Float(check.nodes)
      let (a, b) = (try #require(one.faithfulness), try #require(next.faithfulness))
      under += width * (a + b) / 2
      between += width * (abs(1 - a) + abs(1 - b)) / 2
    }
    #expect(abs(try #require(check.performance) - under) < 1e-4)
    #expect(abs(try #require(check.distance) - between) < 1e-4)
  }
}
