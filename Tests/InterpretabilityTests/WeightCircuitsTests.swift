import Engine
import Foundation
import Hooks
import Synchronization
import TestKit
import Testing
import Tokenizers

@testable import Interpretability

/// Circuits in weights against NumPy on transformers' modules (`Tests/References/make_weights.py`), and against themselves.
@Suite struct `Circuits in weights` {
  /// Largest difference of a number, as a share of the largest of its kind.
  private static let tolerance = 1e-4

  struct Reference: Decodable {
    struct Circuit: Decodable {
      let singular: [Double]
      let positivity: Double
    }
    struct Head: Decodable {
      let place: [Int]
      let ov: Circuit
      let qk: Circuit
      let reads: [[Double]]?
      let writes: [[Double]]?
    }
    struct Edge: Decodable {
      let source: [Int]
      let target: [Int]
      let score: Double
      let deviations: Double
      let prefix: Double?
    }
    struct Half: Decodable {
      let baseline: Double
      let heads: [Head]
      let edges: [String: [Edge]]
    }
    let layers: [Int]
    let folded: Half
    let raw: Half
  }

  /// The committed file of the bundled model, and those of families where they were made.
  static let cases: [(checkpoint: String, weights: String)] =
    [(TestModels.bundled, TestModels.root + "/Tests/References/bundled/weights.json")]
    + made("hf-f32")

  /// The same weights in eight bits.
  static let quantised = made("gguf-Q8_0")

  private static func made(_ format: String) -> [(checkpoint: String, weights: String)] {
    ReferenceSet.all.compactMap { set in
      let answers = URL(fileURLWithPath: set.answers)
      let weights = answers.deletingLastPathComponent().path + "/hf-f32.weights.json"
      guard answers.lastPathComponent == format,
        FileManager.default.fileExists(atPath: weights)
      else { return nil }
      return (set.checkpoint, weights)
    }
  }

  private func find(
    _ options: WeightOptions, in checkpoint: String,
    progress: @Sendable (Int) async -> Void = { _ in }
  ) async throws -> WeightCircuits {
    let engine = Engine(options: EngineOptions(threads: 1))
    let model = try await engine.load(path: checkpoint, id: "model")
    return try await WeightCircuits.find(
      WeightPlan(options, model.catalogue), on: engine, model, progress: progress)
  }

  @Test(arguments: cases.indices, [true, false])
  func `every number is NumPy's, in every family`(index: Int, isFolded: Bool) async throws {
    let one = Self.cases[index]
    let file = try JSONDecoder().decode(
      Reference.self, from: Data(contentsOf: URL(fileURLWithPath: one.weights)))
    let expected = isFolded ? file.folded : file.raw
    let found = try await find(
      WeightOptions(
        layers: file.layers, isFolded: isFolded, directions: 1, tokens: 4, edges: .max),
      in: one.checkpoint)
    let name = "\(one.checkpoint) \(isFolded ? "folded" : "raw")"
    #expect(abs(Double(found.baseline) - expected.baseline) < 1e-6, "\(name)")
    #expect(found.heads.count == expected.heads.count)
    for (head, wanted) in zip(found.heads, expected.heads) {
      #expect([head.place.layer, head.place.head] == wanted.place)
      expect(head.ov, wanted.ov, "\(name) ov \(wanted.place)")
      expect(head.qk, wanted.qk, "\(name) qk \(wanted.place)")
      guard let reads = wanted.reads, let writes = wanted.writes else { continue }
      expect(head.ov.directions.first?.read, reads, "\(name) reads \(wanted.place)")
      expect(head.ov.directions.first?.paired, writes, "\(name) writes \(wanted.place)")
    }
    for kind in WeightCircuits.Composition.allCases {
      try expect(
        found.edges[kind] ?? [], try #require(expected.edges[kind.rawValue]),
        "\(name) \(kind.rawValue)")
    }
  }

  @Test(arguments: quantised.indices)
  func `quantised weights are decoded, and nearly as the others`(index: Int) async throws {
    let one = Self.quantised[index]
    let file = try JSONDecoder().decode(
      Reference.self, from: Data(contentsOf: URL(fileURLWithPath: one.weights)))
    let found = try await find(
      WeightOptions(layers: file.layers, directions: 0, edges: 0), in: one.checkpoint)
    for (head, wanted) in zip(found.heads, file.folded.heads) {
      for (circuit, expected) in [(head.ov, wanted.ov), (head.qk, wanted.qk)] {
        let most = expected.singular.first ?? 0
        let worst = zip(circuit.singularValues, expected.singular).map { abs(Double($0) - $1) }
          .max()
        // Eight bits leave half a 127th of a block's largest number.
        #expect((worst ?? .infinity) < 0.02 * most, "\(one.checkpoint) \(wanted.place)")
      }
    }
  }

  private func expect(
    _ found: WeightCircuits.Circuit, _ expected: Reference.Circuit, _ name: String
  ) {
    let most = expected.singular.first ?? 0
    let worst = zip(found.singularValues, expected.singular).map { abs(Double($0) - $1) }.max()
    #expect(found.singularValues.count == expected.singular.count, "\(name)")
    #expect((worst ?? .infinity) <= Self.tolerance * most, "\(name) singular values")
    let norm = expected.singular.reduce(0) { $0 + $1 * $1 }.squareRoot()
    #expect(abs(Double(found.norm) - norm) <= Self.tolerance * norm, "\(name) norm")
    #expect(
      abs(Double(found.positivity ?? .nan) - expected.positivity) <= 1e-3,
      "\(name) positivity \(found.positivity ?? .nan), not \(expected.positivity)")
  }

  private func expect(
    _ found: [WeightCircuits.Projection]?, _ expected: [[Double]], _ name: String
  ) {
    let most = expected.map { abs($0[1]) }.max() ?? 0
    let worst = zip(found ?? [], expected).map { abs(Double($0.value) - $1[1]) }.max()
    #expect((worst ?? .infinity) <= 1e-3 * most, "\(name): \(found ?? []) not \(expected)")
    // Tokens that are nearly as strong as the next may change places.
    guard expected[0][1] - expected[1][1] > 2e-3 * most else { return }
    #expect(found?.first.map { Int($0.token) } == Int(expected[0][0]), "\(name)")
  }

  private func expect(
    _ found: [WeightCircuits.Edge], _ expected: [Reference.Edge], _ name: String
  ) throws {
    #expect(found.count == expected.count, "\(name)")
    var byPlace: [[Int]: WeightCircuits.Edge] = [:]
    for edge in found {
      byPlace[[edge.source.layer, edge.source.head, edge.target.layer, edge.target.head]] = edge
    }
    #expect(zip(found, found.dropFirst()).allSatisfy { $0.score >= $1.score }, "\(name)")
    for wanted in expected {
      let edge = try #require(byPlace[wanted.source + wanted.target])
      #expect(
        abs(Double(edge.score) - wanted.score) <= Self.tolerance * wanted.score,
        "\(name) \(wanted)")
      let size = max(abs(wanted.deviations), 1)
      #expect(abs(Double(edge.deviations) - wanted.deviations) <= 1e-3 * size, "\(name) \(wanted)")
      guard let prefix = wanted.prefix else { continue }
      #expect(abs(Double(edge.prefixMatching ?? .nan) - prefix) <= 1e-3, "\(name) \(wanted)")
    }
  }

  @Test func `singular vectors make the matrix again, of whatever shape`() throws {
    var random = SeededGenerator(seed: 5)
    for (rank, width) in [(1, 3), (4, 4), (3, 9), (7, 5)] {
      func matrix() -> Matrix {
        Matrix(
          rows: rank, columns: width,
          (0..<rank * width).map { _ in Double.random(in: -1...1, using: &random) })
      }
      let (left, right) = (matrix(), matrix())
      let map = try #require(LowRankMap(left: left, right: right))
      #expect(map.sizes.count == min(rank, width) && map.sizes == map.sizes.sorted(by: >))
      let unit = OpenBLAS.product(map.left, map.left, transposed: true)
      for row in 0..<unit.rows {
        for column in 0..<unit.columns {
          #expect(abs(unit[row, column] - (row == column ? 1 : 0)) < 1e-12)
        }
      }
      for row in 0..<width {
        for column in 0..<width {
          let whole = (0..<rank).reduce(0) { $0 + left[$1, row] * right[$1, column] }
          let again = map.sizes.indices.reduce(0) {
            $0 + map.sizes[$1] * map.left[$1, row] * map.right[$1, column]
          }
          #expect(abs(whole - again) < 1e-12)
        }
      }
    }
  }

  @Test func `weights that are not finite have no circuit`() {
    let rows = Matrix(rows: 1, columns: 2, [Double.nan, 1])
    #expect(LowRankMap(left: rows, right: rows) == nil)
    #expect(OpenBLAS.singular(rows) == nil)
    #expect(Matrix(rows: 1, columns: 1, [Double.infinity]).positivity == nil)
  }

  @Test func `eigenvalues are positive of what copies, and cancel of what turns`() throws {
    #expect(Matrix(rows: 2, columns: 2, [2.0, 1, 0, 3]).positivity == 1)
    #expect(Matrix(rows: 2, columns: 2, [-2.0, 1, 0, -3]).positivity == -1)
    let turn = try #require(Matrix(rows: 2, columns: 2, [0.0, -1, 1, 0]).positivity)
    #expect(abs(turn) < 1e-12)
    #expect(Matrix(rows: 2, columns: 2).positivity == nil)
  }

  /// The baseline and the spread of scores are those of random matrices, whatever their singular values.
  @Test func `scores of random matrices lie about the baseline as told`() {
    var random = SeededGenerator(seed: 9)
    func normal() -> Double {
      // Twelve uniform numbers: near enough to a normal one for directions that are about even.
      (0..<12).reduce(-6.0) { sum, _ in sum + Double.random(in: 0...1, using: &random) }
    }
    let (size, width) = (4, 24)
    let plan = WeightPlan(
      WeightOptions(layers: [0, 1], edges: .max),
      HookCatalogue(
        layers: 2, hiddenSize: width, heads: 40, keyValueHeads: 40, headDimension: size,
        vocabularySize: 1, neurons: 1, experts: 0, expertsPerToken: 0, sites: [], family: "test"))
    func layer(_ number: Int) -> [HeadMaps] {
      (0..<40).map { head in
        func rows(_ spread: Double) -> Matrix {
          Matrix(
            rows: size, columns: width,
            (0..<size * width).map { normal() * ($0 < width ? spread : 1) })
        }
        return HeadMaps(
          place: WeightCircuits.Place(layer: number, head: head),
          ov: HeadMaps.Map(LowRankMap(left: rows(1), right: rows(3))),
          qk: HeadMaps.Map(LowRankMap(left: rows(1), right: rows(3))))
      }
    }
    var composition = HeadComposition(plan, takesMeanOff: false)
    composition.add(into: layer(1), from: [layer(0)])
    for kind in WeightCircuits.Composition.allCases {
      let edges = composition.edges[kind] ?? []
      #expect(edges.count == 1600)
      let square = edges.reduce(0) { $0 + Double($1.score * $1.score) } / 1600
      #expect(abs(square.squareRoot() / composition.baseline - 1) < 0.03)
      let spread = edges.reduce(0) { $0 + Double($1.deviations * $1.deviations) } / 1600
      #expect((0.7...1.4).contains(spread.squareRoot()), "\(kind) \(spread)")
    }
  }

  @Test
  func `all steps are told, a cancelled task ends between two, and its bounds are known before`()
    async throws
  {
    let options = WeightOptions(layers: [2, 5], directions: 2, tokens: 3, keepsVectors: true)
    let done = Mutex<[Int]>([])
    let found = try await find(options, in: TestModels.bundled) { now in
      done.withLock { $0.append(now) }
    }
    let engine = Engine(options: EngineOptions(threads: 1))
    let model = try await engine.load(path: TestModels.bundled, id: "model")
    let plan = WeightPlan(options, model.catalogue)
    #expect(done.withLock(\.self) == Array(1...plan.steps))
    #expect(found.heads.count == 8 && found.edges[.key]?.count == 16)
    #expect(found.edges[.key]?.allSatisfy { $0.prefixMatching != nil } == true)
    for head in found.heads {
      for direction in head.ov.directions + head.qk.directions {
        #expect(direction.readVector.count == 128 && direction.pairedVector.count == 128)
        #expect(direction.read.count == 3 && direction.read[0].value > 0)
      }
    }
    let more = WeightPlan(
      WeightOptions(layers: Array(0..<24), keepsVectors: true), model.catalogue)
    #expect(more.products > plan.products && more.bytes > plan.bytes)
    #expect(more.resultBytes > plan.resultBytes)
    let task = Task {
      try await WeightCircuits.find(plan, on: engine, model) { _ in
        withUnsafeCurrentTask { $0?.cancel() }
      }
    }
    let outcome = await task.result
    let error = #expect(throws: EngineError.self) { try outcome.get() }
    guard case .cancelled? = error else {
      Issue.record("not cancelled: \(String(describing: error))")
      return
    }
  }
}
