import Constraints
import Engine
import Foundation
import JSON
import TestKit
import Testing
import Tokenizers

/// Generations that are held to something.
@Suite struct EngineConstraintTests {
  private static let content = AnswerContent.schema([
    "type": "object",
    "properties": ["a": ["type": "string", "maxLength": 12], "b": ["type": "integer"]],
    "required": ["a", "b"],
  ])

  private static func request(_ model: LoadedModel, seed: UInt64) throws -> GenerationRequest {
    var request = GenerationRequest(
      model: model, tokens: [5, 9, 80, 7], maxTokens: 120,
      sampling: SamplingOptions(temperature: 1.4, topP: 1, seed: seed))
    request.stopTokens = model.tokenizer.specialTokens.eos
    request.constraint = try model.constraint("json_schema", source: "test") {
      () throws(ConstraintError) in try Grammar.answer(content)
    }
    return request
  }

  private static func fits(_ text: String) -> Bool {
    let value = try? JSONValue(parsing: Array(text.utf8))
    return value?["a"]?.string != nil && value?["b"]?.integer != nil
  }

  @Test func `a rewound generation goes on within its constraint, and to the same text`()
    async throws
  {
    let engine = Engine(options: EngineOptions(threads: 1))
    let model = try await engine.load(path: TestModels.bundled, id: "m")
    let plain = EventLog()
    let request = try Self.request(model, seed: 4)
    _ = try await engine.start(request, sink: plain)
    try await plain.waitForEnd()
    #expect(plain.finish?.reason == .stop)
    #expect(Self.fits(plain.text), "\(plain.text)")

    let log = EventLog()
    var paused = request
    paused.startsPaused = true
    let generation = try await engine.start(paused, sink: log)
    try await engine.step(generation, count: 6)
    try await log.wait { if case .paused(5) = $0 { true } else { false } }
    try await engine.rewind(generation, toStep: 2)
    try await engine.resume(generation)
    try await log.waitForEnd()
    #expect(log.finish?.reason == .stop)
    #expect(log.tokens.suffix(plain.tokens.count - 3) == plain.tokens.dropFirst(3))
  }

  @Test func `many at once end whole, and equal constraints are one`() async throws {
    let engine = Engine(options: EngineOptions(threads: 1))
    let model = try await engine.load(path: TestModels.bundled, id: "m")
    let logs = (0..<6).map { _ in EventLog() }
    var made: [Constraint] = []
    for (seed, log) in logs.enumerated() {
      let request = try Self.request(model, seed: UInt64(seed))
      if let constraint = request.constraint { made.append(constraint) }
      _ = try await engine.start(request, sink: log)
    }
    #expect(made.count == 6 && made.allSatisfy { $0 === made[0] })
    for log in logs {
      try await log.waitForEnd()
      guard log.finish?.reason == .stop else { continue }
      #expect(Self.fits(log.text), "\(log.text)")
    }
  }

  @Test func `an answer ends where it is whole, also where the model's end is ignored`()
    async throws
  {
    let engine = Engine(options: EngineOptions(threads: 1))
    let model = try await engine.load(path: TestModels.bundled, id: "m")
    var request = try Self.request(model, seed: 1)
    request.stopTokens = []
    request.constraint = try model.constraint("choice", source: "yes") {
      () throws(ConstraintError) in try Grammar.answer(.choice(["yes"]))
    }
    let log = EventLog()
    _ = try await engine.start(request, sink: log)
    try await log.waitForEnd()
    #expect(log.text == "yes")
    #expect(log.finish?.reason == .stop)
  }
}
