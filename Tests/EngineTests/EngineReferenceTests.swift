import Engine
import Foundation
import TestKit
import Testing
import Tokenizers

/// Whole generations against transformers' greedy text, where a run changes while it grows.
@Suite struct `Generations against transformers` {
  /// Phi-4's references: 16 tokens are its original context, and the shorter prompt has 7.
  static let sets = ReferenceSet.all.filter { $0.name.hasPrefix("phi4 ") }

  @Test(arguments: sets.indices)
  func `a run that grows beyond longrope's original context goes on with the other factors`(
    index: Int
  ) async throws {
    let set = Self.sets[index]
    let engine = Engine(options: EngineOptions(threads: 1))
    let model = try await engine.load(path: set.checkpoint, id: "m")
    #expect(model.info.remarks.notes.contains { $0.contains("longrope") })
    for prompt in try ReferenceAnswers(set.answers + ".json").prompts {
      let log = EventLog()
      let request = GenerationRequest(
        model: model, tokens: prompt.ids, maxTokens: prompt.greedy.count,
        sampling: SamplingOptions(temperature: 0))
      _ = try await engine.start(request, sink: log)
      try await log.waitForEnd()
      #expect(log.tokens == prompt.greedy, "\(set.name), from \(prompt.ids.count) tokens")
    }
  }
}
