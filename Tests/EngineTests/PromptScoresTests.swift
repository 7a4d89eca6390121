import Foundation
import TestKit
import Testing
import Tokenizers

@testable import Engine

/// How likely the tokens of a prompt are.
@Suite struct PromptScoresTests {
  private static let prompt = `The engine`.prompt

  private func engine(kept: Int = 4) async throws -> (Engine, LoadedModel) {
    let engine = Engine(options: EngineOptions(threads: 2, keptPrefixes: kept))
    return (engine, try await engine.load(path: TestModels.bundled, id: "m"))
  }

  /// What a generation from the tokens before says of the next one.
  private func drawn(
    _ engine: Engine, _ model: LoadedModel, behind tokens: [Token], top: Int
  ) async throws -> [TokenScore] {
    var request = GenerationRequest(
      model: model, tokens: tokens, maxTokens: 1, sampling: SamplingOptions(temperature: 0))
    request.topLogprobs = top
    let log = EventLog()
    _ = try await engine.start(request, sink: log)
    try await log.waitForEnd()
    for case .token(_, _, _, _, let top) in log.events { return top }
    return []
  }

  @Test func `a token is as likely as a generation from those before it says, to the bit`()
    async throws
  {
    let (engine, model) = try await engine(kept: 0)
    let size = model.info.vocabularySize
    let scores = try await engine.promptScores(of: Self.prompt, model, PromptScoring(top: 5))
    #expect(scores.map(\.position) == Array(1..<Self.prompt.count))
    #expect(scores.map(\.score.token) == Array(Self.prompt.dropFirst()))
    // Prompts of more than eleven tokens are all read by the same kernels.
    for score in scores where score.position > 11 {
      let all = try await drawn(
        engine, model, behind: Array(Self.prompt.prefix(score.position)), top: size)
      #expect(all.prefix(5) == score.top[...])
      #expect(all.first { $0.token == score.score.token } == score.score)
      #expect(all.count { $0.logprob > score.score.logprob } == score.rank)
    }
  }

  @Test func `only what is asked for is scored, and a kept beginning changes no bit`() async throws
  {
    let (engine, model) = try await engine()
    let all = try await engine.promptScores(of: Self.prompt, model, PromptScoring(top: 2))
    for from in [1, 17, 30, 39, 40, 99] {
      let some = try await engine.promptScores(
        of: Self.prompt, model, PromptScoring(from: from, top: 2))
      #expect(some == all.filter { $0.position >= from })
    }
  }

  @Test func `scores are the same beside other work and however the prompt is cut`() async throws {
    let (whole, model) = try await engine(kept: 0)
    let expected = try await whole.promptScores(of: Self.prompt, model, PromptScoring())
    let cut = Engine(
      options: EngineOptions(threads: 1, promptChunk: 16, sharedPromptChunk: 16, keptPrefixes: 0))
    let other = try await cut.load(path: TestModels.bundled, id: "m")
    try await withThrowingTaskGroup(of: [PromptScore].self) { group in
      for _ in 0..<6 {
        group.addTask { try await cut.promptScores(of: Self.prompt, other, PromptScoring()) }
      }
      for try await scores in group { #expect(scores == expected) }
    }
  }

  @Test func `what cannot be scored is refused, and a cancelled task ends`() async throws {
    let (engine, model) = try await engine()
    await #expect(throws: EngineError.self) {
      try await engine.promptScores(of: [], model, PromptScoring())
    }
    await #expect(throws: EngineError.self) {
      let long = [Token](repeating: 5, count: model.info.contextLength + 1)
      _ = try await engine.promptScores(of: long, model, PromptScoring())
    }
    let task = Task { try await engine.promptScores(of: Self.prompt, model, PromptScoring()) }
    task.cancel()
    _ = await task.result
    #expect(await engine.generationCount == 0)
    // A whole context, of which the last token is scored, is not too long.
    let full = (0..<model.info.contextLength).map { Token(3 + $0 % 400) }
    let scores = try await engine.promptScores(
      of: full, model, PromptScoring(from: full.count - 1))
    #expect(scores.count == 1)
  }

  @Test func `a bias makes a token certain or impossible and leaves its told probability`()
    async throws
  {
    let (engine, model) = try await engine()
    let plain = try #require(
      try await drawn(engine, model, behind: Self.prompt, top: 3).first)
    for (bias, temperature) in [(100, Float(1)), (-100, 0)] as [(Float, Float)] {
      var request = GenerationRequest(
        model: model, tokens: Self.prompt, maxTokens: 8,
        sampling: SamplingOptions(temperature: temperature, logitBias: [plain.token: bias]))
      request.topLogprobs = 1
      let log = EventLog()
      _ = try await engine.start(request, sink: log)
      try await log.waitForEnd()
      #expect(log.tokens.count { $0 == plain.token } == (bias > 0 ? 8 : 0))
      if bias > 0, case .token(_, _, _, let score, _)? = log.events.first(where: \.isToken) {
        #expect(score == plain)
      }
    }
    var request = GenerationRequest(model: model, tokens: Self.prompt)
    request.sampling.logitBias = [Token(model.info.vocabularySize): 1]
    await #expect(throws: EngineError.self) {
      _ = try await engine.start(request, sink: EventLog())
    }
  }
}

extension GenerationEvent {
  fileprivate var isToken: Bool { if case .token = self { true } else { false } }
}
