import Constraints
import Foundation
import Tensors
import Testing
import Tokenizers

@testable import Engine

@Suite struct `Choosing a token` {
  private static let arithmetic = Arithmetic(threads: 1)

  private func choose(
    _ scores: [Float], _ options: SamplingOptions, seen: [Token: Int] = [:],
    generated: [Token: Int] = [:], step: Int = 0, top: Int = 0, within mask: TokenMask? = nil
  ) -> Sampler.Choice? {
    var scores = scores
    return scores.withUnsafeMutableBufferPointer {
      Sampler(options: options, topLogprobs: top).choose(
        $0, within: mask, seen: seen, generated: generated, step: step, Self.arithmetic)
    }
  }

  @Test func `temperature 0 takes the best, with its plain log probability`() throws {
    let choice = try #require(choose([0, 2, 1], SamplingOptions(temperature: 0), top: 2))
    #expect(choice.score.token == 1)
    let expected = 2 - log(exp(0.0) + exp(2.0) + exp(1.0))
    #expect(abs(Double(choice.score.logprob) - expected) < 1e-6)
    #expect(choice.top.map(\.token) == [1, 2])
  }

  @Test func `draws follow the probabilities, and equal seeds draw alike`() {
    let scores: [Float] = [0, Float(log(3.0)), -.infinity]
    let options = SamplingOptions(temperature: 1, topP: 1, seed: 11)
    let draws = (0..<4000).compactMap { choose(scores, options, step: $0)?.score.token }
    let ones = draws.count { $0 == 1 }
    #expect(draws.count { $0 == 2 } == 0)
    #expect(abs(Double(ones) / 4000 - 0.75) < 0.03)
    #expect(draws == (0..<4000).compactMap { choose(scores, options, step: $0)?.score.token })
  }

  static let filters: [(SamplingOptions, Set<Token>)] = [
    (SamplingOptions(temperature: 1, topK: 2, topP: 1), [0, 1]),
    (SamplingOptions(temperature: 1, topP: 0.6), [0, 1]),
    (SamplingOptions(temperature: 1, topP: 1, minP: 0.5), [0, 1]),
    (SamplingOptions(temperature: 1, topP: 1), [0, 1, 2, 3]),
  ]

  @Test(arguments: filters)
  func `top-k, top-p and min-p leave only what they should`(
    options: SamplingOptions, expected: Set<Token>
  ) {
    let scores = [0.4, 0.3, 0.15, 0.15].map { Float(log($0)) }
    let drawn = Set((0..<500).compactMap { choose(scores, options, step: $0)?.score.token })
    #expect(drawn == expected)
  }

  /// A mask of some tokens.
  private static func mask(_ tokens: Set<Token>, of size: Int) throws -> TokenMask {
    let trie = TokenTrie(texts: [[0x61]], vocabularySize: size)
    let constraint = try Constraint(kind: "choice", try Grammar.answer(.choice(["a"])), trie)
    var cursor = constraint.start()
    #expect(constraint.advance(&cursor, 0, bytes: [0x61]))
    var mask = constraint.mask(&cursor)
    mask.formUnion(tokens)
    return mask
  }

  @Test(arguments: filters.map(\.0) + [SamplingOptions(temperature: 0)])
  func `of a mask's tokens alone one is drawn, and told`(
    options: SamplingOptions
  ) throws {
    let scores = (0..<200).map { Float($0 % 7) }
    let allowed: Set<Token> = [3, 64, 130, 199]
    var options = options
    options.repetitionPenalty = 1.3
    options.logitBias = [6: 100, 64: -100]
    let mask = try Self.mask(allowed, of: scores.count)
    var whole = 0.0
    for step in 0..<300 {
      let choice = try #require(
        choose(scores, options, seen: [5: 1], step: step, top: 20, within: mask))
      #expect(allowed.contains(choice.score.token))
      #expect(Set(choice.top.map(\.token)) == allowed)
      whole = choice.top.reduce(0) { $0 + exp(Double($1.logprob)) }
    }
    #expect(abs(whole - 1) < 1e-5)
  }

  @Test func `a flat distribution over a large vocabulary is drawn from whole`() {
    let scores = [Float](repeating: 0, count: 5000)
    let options = SamplingOptions(temperature: 1, topP: 1)
    let drawn = Set((0..<400).compactMap { choose(scores, options, step: $0)?.score.token })
    #expect(drawn.count > 300)
    #expect(drawn.contains { $0 > 4500 })
  }

  @Test func `draws follow the probabilities far apart in a large vocabulary too`() {
    var scores = [Float](repeating: -.infinity, count: 5000)
    scores[5] = 0
    scores[4999] = Float(log(3.0))
    let options = SamplingOptions(temperature: 1, topP: 1, seed: 3)
    let draws = (0..<4000).compactMap { choose(scores, options, step: $0)?.score.token }
    #expect(Set(draws) == [5, 4999])
    #expect(abs(Double(draws.count { $0 == 4999 }) / 4000 - 0.75) < 0.03)
  }

  @Test func `penalties count what was seen and what was generated`() throws {
    let greedy = SamplingOptions(temperature: 0)
    var repetition = greedy
    repetition.repetitionPenalty = 2
    #expect(choose([3, 2], repetition, seen: [0: 1])?.score.token == 1)
    #expect(choose([-1, -1.5], repetition, seen: [0: 1])?.score.token == 1)
    var frequency = greedy
    frequency.frequencyPenalty = 0.6
    #expect(choose([3, 2], frequency, generated: [0: 1])?.score.token == 0)
    #expect(choose([3, 2], frequency, generated: [0: 2])?.score.token == 1)
    var presence = greedy
    presence.presencePenalty = 1.5
    let choice = try #require(choose([3, 2], presence, generated: [0: 1]))
    #expect(choice.score.token == 1)
    let plain = 2 - log(exp(3.0) + exp(2.0))
    #expect(abs(Double(choice.score.logprob) - plain) < 1e-6)
  }

  @Test func `scores that are no numbers choose nothing`() {
    #expect(choose([.nan, 1], SamplingOptions(temperature: 0)) == nil)
  }
}
