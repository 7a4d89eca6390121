import Engine
import Hooks
import Tensors
import TestKit
import Testing
import Tokenizers

/// What a loaded model tells of its arithmetic, against what it computes.
@Suite struct ModelPrecisionTests {
  struct Case: CustomTestStringConvertible, Sendable {
    let path: String
    let name: String
    let set: InstructionSet
    let numerics: Numerics
    var testDescription: String { "\(name), \(set.rawValue), \(numerics.rawValue)" }

    /// The bundled model in BF16, and a llama whose weights are quantised, where references are.
    static let all: [Case] = {
      let quantised = ReferenceSet.all.filter {
        $0.name == "llama gguf-Q4_0" || $0.name == "llama_k gguf-Q4_K_M"
      }
      let models =
        [(TestModels.bundled, "bundled")] + quantised.map { ($0.checkpoint, $0.name) }
      return models.flatMap { path, name in
        InstructionSet.available.flatMap { set in
          Numerics.allCases.map { Case(path: path, name: name, set: set, numerics: $0) }
        }
      }
    }()
  }

  /// The last layer's stream of each pass.
  private func streams(
    _ path: String, _ set: InstructionSet, _ numerics: Numerics, prompt count: Int
  ) async throws -> (info: ModelInfo, captures: [[Float]]) {
    let engine = Engine(
      options: EngineOptions(threads: 1, instructionSet: set, numerics: numerics))
    let model = try await engine.load(path: path, id: "m", contextLength: 128)
    let last = HookPoint(.residualPost, layer: model.info.layers - 1)
    let log = EventLog()
    var request = GenerationRequest(
      model: model, tokens: (0..<count).map { Token(3 + $0 * 7 % 60) }, maxTokens: 1,
      sampling: SamplingOptions(temperature: 0))
    request.captures = [
      CaptureSpec(
        hookID: "r", layerName: last.name, component: .residual, isInput: false, point: last,
        selection: Selection())
    ]
    _ = try await engine.start(request, sink: log)
    try await log.waitForEnd()
    return (model.info, log.captures)
  }

  @Test(arguments: Case.all)
  func `a model that is told to be exact is exact bit by bit, and no other is`(
    kind: Case
  ) async throws {
    // A few tokens are read as if they were decoded, many as a prompt.
    for (count, use) in [(4, \ModelPrecision.Part.decode), (40, \.prompt)] {
      let told = try await streams(kind.path, kind.set, kind.numerics, prompt: count)
      let exact = try await streams(kind.path, kind.set, .exact, prompt: count)
      let parts = told.info.precision.parts
      #expect(abs(parts.reduce(0) { $0 + $1.share } - 1) < 1e-3)
      let isExact = parts.allSatisfy { $0[keyPath: use] == "float32" }
      #expect((told.captures == exact.captures) == isExact, "\(parts)")
    }
    let exact = try await streams(kind.path, kind.set, .exact, prompt: 1)
    #expect(exact.info.precision.numerics == "exact")
  }

  @Test func `the scalar set is told to be exact, whatever was asked for`() async throws {
    let told = try await streams(TestModels.bundled, .scalar, .fast, prompt: 1)
    #expect(told.info.precision.numerics == "exact")
    #expect(told.info.precision.parts.map(\.weights) == ["BF16"])
  }

  @Test func `where only the vocabulary is loaded nothing is multiplied`() async throws {
    let engine = Engine(options: EngineOptions(threads: 1, numerics: .fast))
    let model = try await engine.load(path: TestModels.bundled, id: "m", vocabularyOnly: true)
    #expect(model.info.precision.numerics == "exact" && model.info.precision.parts.isEmpty)
  }
}
