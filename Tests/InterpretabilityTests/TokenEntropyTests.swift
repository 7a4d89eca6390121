import Engine
import Foundation
import Hooks
import TestKit
import Testing

@testable import Interpretability

@Suite struct `The entropy of the next token` {
  @Test func `is 0 for certain, and the logarithm of how many are alike`() {
    #expect(TokenEntropy.entropy(of: [0, -1000, -1000]) == 0)
    for count in [1, 2, 50, 4096] {
      let found = TokenEntropy.entropy(of: [Float](repeating: -7, count: count))
      #expect(abs(found - Float(log(Double(count)))) < 1e-6)
    }
    // A token that can't be drawn adds nothing; large logits do not overflow.
    #expect(TokenEntropy.entropy(of: [3e38, -.infinity]) == 0)
  }

  @Test func `is that of the probabilities, token by token`() async throws {
    let engine = Engine(options: EngineOptions(threads: 1))
    let model = try await engine.load(path: TestModels.bundled, id: "bundled")
    let pass = try await PromptPass.run(
      [5, 6, 250, 31, 8], on: engine, model, capturing: [HookPoint(.logits)])
    let logits = pass.tensor(HookPoint(.logits))
    #expect(logits.positions == [0, 1, 2, 3, 4])
    for place in logits.positions.indices {
      let row = logits.row(place).map { exp(Double($0)) }
      let sum = row.reduce(0, +)
      let expected = row.reduce(0) { $0 - $1 / sum * log($1 / sum) }
      #expect(abs(Double(TokenEntropy.entropy(of: logits.row(place))) - expected) < 1e-5)
    }
  }

  @Test func `sees the positions that are asked for, the last ones where none are`() throws {
    let catalogue = HookCatalogue(
      layers: 1, hiddenSize: 2, heads: 1, keyValueHeads: 1, headDimension: 2, vocabularySize: 4,
      neurons: 2, experts: 0, expertsPerToken: 0, sites: [.logits], family: "llama")
    var values = ParameterValues()
    let plain = TokenEntropy(values, catalogue)
    #expect(
      plain.captures(catalogue, promptTokens: 9).map(\.selection) == [Selection(positions: .last)])
    #expect(plain.resultNumbers(catalogue, promptTokens: 9) == (2, 2))
    values["positions"] = .positions(.all)
    let all = TokenEntropy(values, catalogue)
    #expect(all.captures(catalogue, promptTokens: 9).map(\.selection) == [Selection()])
    #expect(all.resultNumbers(catalogue, promptTokens: 9) == (18, 2))
  }
}
