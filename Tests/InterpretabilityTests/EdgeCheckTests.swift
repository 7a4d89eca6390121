import Engine
import Foundation
import Hooks
import TestKit
import Testing
import Tokenizers

@testable import Interpretability

/// Edges cut, against PyTorch (`Tests/References/make_edges.py`), path patching, and nodes cut.
@Suite struct `Circuits checked by cutting edges` {
  struct Reference: Decodable {
    struct Case: Decodable {
      let replace: String
      let kept: String
      let metric: Float
    }
    struct Scores: Decodable {
      let replace: String
      let edges: [[Double]]
    }
    let prompt: [Token]
    let corrupted: [Token]
    let others: [[Token]]
    let answer: Token
    let wrong: Token
    let edges: Int
    let cases: [Case]
    let scores: [Scores]

    static func bundled() throws -> Reference {
      let path = TestModels.root + "/Tests/References/bundled/edges.json"
      return try JSONDecoder().decode(
        Reference.self, from: Data(contentsOf: URL(fileURLWithPath: path)))
    }

    func replacement(_ name: String) -> CircuitCheck.Replacement {
      switch name {
      case "zero": .zero
      case "mean": .mean(others)
      default: .corrupted(corrupted)
      }
    }
  }

  private func bundled() async throws -> (Engine, LoadedModel) {
    let engine = Engine(options: EngineOptions(threads: 2))
    return (engine, try await engine.load(path: TestModels.bundled, id: "bundled"))
  }

  private func target(_ answer: Token, _ wrong: Token) -> AttributionGraph.Target {
    AttributionGraph.Target(token: answer, versus: wrong, probability: 1, weight: 1, logit: 0)
  }

  /// The logit difference with edges cut.
  private func metric(
    _ tokens: [Token], _ answer: Token, _ wrong: Token, _ cut: EdgeCut, replaced: [Float]?,
    on engine: Engine, _ model: LoadedModel
  ) async throws -> Float {
    let work = try await EdgeWork.run(tokens, cut, replaced: replaced, on: engine, model)
    let scores = try #require(await engine.lend(model) { $0.scores(of: work.last()) })
    return scores[Int(answer)] - scores[Int(wrong)]
  }

  /// Hexadecimal digits as bits, the last edge's the lowest.
  private func kept(_ text: String, count: Int) -> [Bool] {
    let bits = text.flatMap { digit in
      let value = digit.hexDigitValue ?? 0
      return [8, 4, 2, 1].map { value & $0 != 0 }
    }
    return Array(bits.suffix(count))
  }

  @Test func `whatever is kept, the metric is PyTorch's`() async throws {
    let file = try Reference.bundled()
    let (engine, model) = try await bundled()
    let layout = EdgeLayout(model.catalogue)
    #expect(layout.count == file.edges)
    for name in ["zero", "mean", "corrupted"] {
      let replaced = try await EdgeWork.replaced(
        file.replacement(name), own: file.prompt, on: engine, model)
      let cases = file.cases.filter { $0.replace == name }
      #expect(cases.count == 7)
      for one in cases {
        let found = try await metric(
          file.prompt, file.answer, file.wrong, .keeping(kept(one.kept, count: layout.count)),
          replaced: replaced, on: engine, model)
        #expect(
          abs(found - one.metric) <= 1e-4 * max(abs(one.metric), 20),
          "\(name): \(found) for \(one.metric)")
      }
    }
  }

  @Test func `edges are attributed as autograd says`() async throws {
    let file = try Reference.bundled()
    let (engine, model) = try await bundled()
    for expected in file.scores {
      let replaced = try await EdgeWork.replaced(
        file.replacement(expected.replace), own: file.prompt, on: engine, model)
      let written = try await EdgeWork.run(
        file.prompt, .all(0), replaced: nil, on: engine, model
      ).written
      let found = try await EdgeScores.find(
        file.prompt, [target(file.answer, file.wrong)], replaced: replaced, written: written,
        on: engine, model
      ) {}.values
      let largest = try #require(expected.edges.map { abs($0[1]) }.max())
      #expect(abs((found.map(\.magnitude).max() ?? 0) - Float(largest)) <= 1e-3 * Float(largest))
      for edge in expected.edges {
        let value = Double(found[Int(edge[0])])
        #expect(abs(value - edge[1]) <= 1e-3 * largest, "\(expected.replace) \(edge) is \(value)")
      }
    }
  }

  @Test(arguments: `Path patching`.cases.indices)
  func `one edge cut is one path patched, in every family`(index: Int) async throws {
    let one = `Path patching`.cases[index]
    let file = try JSONDecoder().decode(
      `Path patching`.Reference.self, from: Data(contentsOf: URL(fileURLWithPath: one.paths)))
    let engine = Engine(options: EngineOptions(threads: 1))
    let model = try await engine.load(path: one.checkpoint, id: "model")
    let layout = EdgeLayout(model.catalogue)
    let last = layout.layers - 1
    // Where a norm stands behind attention, a path changes what its denominator is for all heads, and an edge does not.
    let hasNormBehind = ["/gemma", "/olmo"].contains { one.checkpoint.contains($0) }
    let senders =
      [PathSender(.embedding), PathSender(.mlp, layer: 0), PathSender(.mlp, layer: last)]
      + (hasNormBehind
        ? []
        : [PathSender(.head, layer: 0, head: 1), PathSender(.head, layer: last, head: 0)])
    let receivers = [
      PathReceiver(.query, layer: last, head: 1), PathReceiver(.key, layer: last, head: 0),
      PathReceiver(.value, layer: last, head: 0), PathReceiver(.mlp, layer: 0),
      PathReceiver(.mlp, layer: last), PathReceiver(.logits),
    ]
    let (prompt, other) = (file.clean[0], file.corrupted[0])
    let contrast = ContrastPrompt(
      tokens: prompt, answer: file.answers[0], wrong: file.wrong[0])
    let plan = PathPatching.Plan(
      prompts: [contrast], corrupted: [other], senders: senders.map { [$0] },
      receivers: receivers.map { [$0] })
    let expected = try await PathPatching.run(plan, on: engine, model)
    let replaced = try await EdgeWork.replaced(
      .corrupted(other), own: prompt, on: engine, model)
    let tolerance = 1e-4 * max(abs(expected.clean), abs(expected.corrupted), 0.1)
    var told = 0
    for (row, sender) in senders.enumerated() {
      for (column, receiver) in receivers.enumerated() {
        let edge = layout.edge(sender, receiver)
        let wanted = expected.differences[row][column]
        #expect((edge == nil) == (wanted == nil), "\(sender) \(receiver)")
        guard let edge, let wanted else { continue }
        let ends = layout.ends(edge)
        #expect(ends.sender == sender && ends.receiver == receiver)
        var kept = [Bool](repeating: true, count: layout.count)
        kept[edge] = false
        let found = try await metric(
          prompt, contrast.answer, contrast.wrong, .keeping(kept), replaced: replaced, on: engine,
          model)
        #expect(
          abs(found - wanted) <= tolerance,
          "\(one.checkpoint) \(sender) \(receiver): \(found) for \(wanted)")
        if abs(wanted - expected.clean) > 5 * tolerance { told += 1 }
      }
    }
    #expect(told > 0, "\(one.checkpoint) tells nothing")
  }

  @Test(arguments: `Path patching`.cases.indices)
  func `scores are the slope of the metric, where there are no experts`(
    index: Int
  ) async throws {
    let one = `Path patching`.cases[index]
    let file = try JSONDecoder().decode(
      `Path patching`.Reference.self, from: Data(contentsOf: URL(fileURLWithPath: one.paths)))
    let engine = Engine(options: EngineOptions(threads: 1))
    let model = try await engine.load(path: one.checkpoint, id: "model")
    // Caps of the logits are no part of the gradient.
    guard EdgeCheck.unscored(model.catalogue).isEmpty, !one.checkpoint.contains("/gemma2/") else {
      return
    }
    let (prompt, answer, wrong) = (file.clean[0], file.answers[0], file.wrong[0])
    let replaced = try await EdgeWork.replaced(
      .corrupted(file.corrupted[0]), own: prompt, on: engine, model)
    let share: Float = 0.3
    let written = try await EdgeWork.run(
      prompt, .all(share), replaced: replaced, on: engine, model
    ).written
    let changes = written.indices.map { (replaced?[$0] ?? 0) - written[$0] }
    let slopes = try await EdgeScores.slopes(
      prompt, [target(answer, wrong)], share: share, replaced: replaced, changes: changes,
      on: engine, model)
    let layout = EdgeLayout(model.catalogue)
    func measured(_ edges: [Int]) async throws -> Float {
      func metric(_ step: Float) async throws -> Float {
        var shares = [Float](repeating: share, count: layout.count)
        for edge in edges { shares[edge] += step }
        return try await self.metric(
          prompt, answer, wrong, .each(shares), replaced: replaced, on: engine, model)
      }
      let step: Float = 0.02
      return (try await metric(step) - (try await metric(-step))) / (2 * step)
    }
    let most = slopes.map(\.magnitude).max() ?? 0
    #expect(most > 0)
    // Every third edge, and the heaviest of each kind of reader.
    let some = Array(stride(from: 0, to: layout.count, by: 3))
    let sum = some.reduce(Float(0)) { $0 + slopes[$1] }
    let whole = some.reduce(Float(0)) { $0 + slopes[$1].magnitude }
    #expect(abs(try await measured(some) - sum) <= 0.04 * whole, "\(one.checkpoint)")
    for part in PathReceiver.Part.allCases {
      let edge = try #require(
        slopes.indices.filter { layout.ends($0).receiver.part == part }
          .max { slopes[$0].magnitude < slopes[$1].magnitude })
      let found = try await measured([edge])
      #expect(
        abs(found - slopes[edge]) <= 0.04 * max(slopes[edge].magnitude, 0.1 * most),
        "\(one.checkpoint) \(part): \(slopes[edge]) for \(found)")
    }
  }

  @Test func `all edges from a head cut is the head replaced`() async throws {
    let file = try Reference.bundled()
    let (engine, model) = try await bundled()
    let layout = EdgeLayout(model.catalogue)
    for head in [(layer: 9, head: 2), (layer: 16, head: 1)] {
      let kept = (0..<layout.count).map {
        layout.ends($0).sender != PathSender(.head, layer: head.layer, head: head.head)
      }
      let found = try await metric(
        file.prompt, file.answer, file.wrong, .keeping(kept), replaced: nil, on: engine, model)
      let contrast = ContrastPrompt(
        tokens: file.prompt, answer: file.answer, wrong: file.wrong)
      let expected = try await contrast.difference(
        on: engine, model,
        interventions: [
          Intervention(
            id: "zero", point: HookPoint(.headOutput, layer: head.layer), change: Zero(),
            heads: [head.head])
        ])
      #expect(abs(found - expected) < 2e-3, "\(head)")
    }
  }

  @Test func `a check tells the curve from nothing to all, and the graph's own edges`() async throws
  {
    let file = try Reference.bundled()
    let (engine, model) = try await bundled()
    let options = AttributionOptions(answer: file.answer, wrong: file.wrong)
    let graph = try #require(
      try await AttributionGraph.make(of: file.prompt, options, on: engine, model))
    let check = try await EdgeCheck.run(graph, .mean(file.others), on: engine, model)
    let layout = check.layout
    let whole = try CircuitsTruth.bundled().ioi.prompts[0].logit_difference
    #expect(abs(check.whole - whole) < 1e-3)
    #expect(check.curve.map(\.edges) == check.curve.map(\.edges).sorted())
    #expect(check.curve.first?.faithfulness == 0 && check.curve.last?.faithfulness == 1)
    #expect(check.curve.last?.edges == layout.count && check.curve.last?.nodes == layout.senders)
    // A tenth of the edges tells most of it.
    let tenth = try #require(check.curve.first { $0.edges * 10 >= layout.count - 10 })
    #expect(try #require(tenth.faithfulness) > 0.85)
    // Every link into a value or a logit is an edge that the circuit has, and nothing else of those is.
    let kept = graph.edges(layout)
    #expect(check.circuit.edges == kept.count(where: \.self))
    var links: Set<Int> = []
    for link in graph.links {
      let (kind, layer, _) = graph.layout.node(link.source)
      let sender: PathSender? =
        switch kind {
        case .embedding: PathSender(.embedding)
        case .head(let head): PathSender(.head, layer: layer, head: head)
        case .mlp: PathSender(.mlp, layer: layer)
        case .bias, .position: nil
        }
      guard let sender else { continue }
      switch link.target {
      case .logit: links.insert(try #require(layout.edge(sender, PathReceiver(.logits))))
      case .source(let target):
        guard case (.head(let head), let layer, _) = graph.layout.node(target) else { continue }
        let pair = head * model.catalogue.keyValueHeads / model.catalogue.heads
        links.insert(
          try #require(layout.edge(sender, PathReceiver(.value, layer: layer, head: pair))))
      }
    }
    let ofLinks = kept.indices.filter {
      kept[$0] && [.value, .logits].contains(layout.ends($0).receiver.part)
    }
    #expect(Set(ofLinks) == links)
    // The areas are those of the curve.
    var (under, between): (Float, Float) = (0, 0)
    for (one, next) in zip(check.curve, check.curve.dropFirst()) {
      let width = Float(next.edges - one.edges) / Float(layout.count)
      let (a, b) = (try #require(one.faithfulness), try #require(next.faithfulness))
      under += width * (a + b) / 2
      between += width * (abs(1 - a) + abs(1 - b)) / 2
    }
    #expect(abs(try #require(check.performance) - under) < 1e-4)
    #expect(abs(try #require(check.distance) - between) < 1e-4)
  }

  @Test func `replaced by the prompt's own writing nothing changes, and no share is told`()
    async throws
  {
    let file = try Reference.bundled()
    let (engine, model) = try await bundled()
    let options = AttributionOptions(answer: file.answer, wrong: file.wrong)
    let graph = try #require(
      try await AttributionGraph.make(of: file.prompt, options, on: engine, model))
    let check = try await EdgeCheck.run(graph, .corrupted(file.prompt), on: engine, model)
    #expect(abs(check.whole - check.empty) < 1e-3 && check.scores.allSatisfy { $0 == 0 })
    #expect(check.circuit.faithfulness == nil && check.performance == nil)
  }
}
