internal import Constraints
internal import Foundation
internal import Tensors
internal import Tokenizers

/// Chooses tokens from scores.
///
/// Chance is a function of the seed and the step alone, so a rewound or replayed step draws the same number.
struct Sampler {
  let options: SamplingOptions
  let topLogprobs: Int

  struct Choice {
    let score: TokenScore
    let top: [TokenScore]
  }

  /// - Parameters:
  ///   - scores: `[vocabulary]`; changed by penalties and the mask.
  ///   - mask: the tokens that may come: what is told of scores is told of these alone; nil for all.
  ///   - seen: how often each token stands in the prompt and the text so far.
  ///   - generated: how often each token was generated.
  /// - Returns: nil where the scores are no numbers.
  func choose(
    _ scores: UnsafeMutableBufferPointer<Float>, within mask: TokenMask? = nil,
    seen: [Token: Int], generated: [Token: Int], step: Int, _ arithmetic: Arithmetic
  ) -> Choice? {
    let whole = UnsafeBufferPointer(scores)
    var normaliser = arithmetic.logSumExp(whole)
    guard normaliser.isFinite else { return nil }
    if let mask {
      mask.close(scores)
      normaliser = arithmetic.logSumExp(whole)
    }
    let top = Self.scored(topLogprobs, of: whole, normaliser, arithmetic)
    var plain: [Token: Float] = [:]
    penalise(scores, seen: seen, generated: generated, remembering: &plain)
    let token: Token
    if options.temperature < Self.smallestTemperature {
      token = Token(arithmetic.argmax(whole))
    } else if options.topK <= 0, options.topP >= 1, options.minP <= 0 {
      token = drawFromAll(whole, step: step, arithmetic)
    } else {
      token = draw(whole, step: step, arithmetic)
    }
    let score = plain[token] ?? scores[Int(token)]
    return Choice(score: TokenScore(token: token, logprob: score - normaliser), top: top)
  }

  private func penalise(
    _ scores: UnsafeMutableBufferPointer<Float>, seen: [Token: Int], generated: [Token: Int],
    remembering plain: inout [Token: Float]
  ) {
    if options.repetitionPenalty != 1 {
      for token in seen.keys {
        let score = scores[Int(token)]
        plain[token] = score
        scores[Int(token)] =
          score > 0 ? score / options.repetitionPenalty : score * options.repetitionPenalty
      }
    }
    for (token, bias) in options.logitBias where scores.indices.contains(Int(token)) {
      if plain[token] == nil { plain[token] = scores[Int(token)] }
      scores[Int(token)] += bias
    }
    guard options.presencePenalty != 0 || options.frequencyPenalty != 0 else { return }
    for (token, count) in generated {
      if plain[token] == nil { plain[token] = scores[Int(token)] }
      scores[Int(token)] -= options.presencePenalty + Float(count) * options.frequencyPenalty
    }
  }

  /// Draws by temperature among all tokens, which needs no order: block by block, then inside the one that is hit.
  private func drawFromAll(
    _ scores: UnsafeBufferPointer<Float>, step: Int, _ arithmetic: Arithmetic
  ) -> Token {
    let factor = 1 / options.temperature
    let whole = Double(arithmetic.logSumExp(scores, factor: factor))
    var left = uniform(step: step)
    for start in stride(from: 0, to: scores.count, by: 1024) {
      let range = start..<min(start + 1024, scores.count)
      let block = UnsafeBufferPointer(rebasing: scores[range])
      let share = exp(Double(arithmetic.logSumExp(block, factor: factor)) - whole)
      guard left < share else {
        left -= share
        continue
      }
      for index in range {
        left -= exp(Double(scores[index] * factor) - whole)
        if left < 0 { return Token(index) }
      }
    }
    return Token(arithmetic.argmax(scores))
  }

  /// Draws by temperature among the tokens that top-k, top-p and min-p leave, in that order.
  private func draw(
    _ scores: UnsafeBufferPointer<Float>, step: Int, _ arithmetic: Arithmetic
  ) -> Token {
    let factor = 1 / options.temperature
    let limit = options.topK > 0 ? min(options.topK, scores.count) : scores.count
    // Nearly always a few hundred tokens hold all the probability that counts; widen while they don't.
    var count = min(limit, 256)
    while true {
      let best = Self.largest(count, of: scores, arithmetic)
      guard let top = best.first?.score else { return 0 }
      // Shares of the whole distribution; of the k best alone where top-k cuts.
      var total: Double
      if options.topK > 0 {
        total = best.prefix(limit).reduce(0) { $0 + exp(Double(($1.score - top) * factor)) }
      } else {
        total = exp(Double(arithmetic.logSumExp(scores, factor: factor) - top * factor))
      }
      if !(total > 0) { total = 1 }
      var kept = 0
      var sum = 0.0
      var isCut = false
      for candidate in best {
        let share = exp(Double((candidate.score - top) * factor)) / total
        if kept > 0, share < Double(options.minP) * (1 / total) {
          isCut = true
          break
        }
        kept += 1
        sum += share
        if sum >= Double(options.topP) {
          isCut = true
          break
        }
      }
      if !isCut, count < limit {
        count = min(count * 8, limit)
        continue
      }
      return pick(best.prefix(kept), top: top, factor: factor, step: step)
    }
  }

  private func pick(
    _ candidates: ArraySlice<(token: Token, score: Float)>, top: Float, factor: Float, step: Int
  ) -> Token {
    let weights = candidates.map { exp(Double(($0.score - top) * factor)) }
    var left = uniform(step: step) * weights.reduce(0, +)
    for (candidate, weight) in zip(candidates, weights) {
      left -= weight
      if left < 0 { return candidate.token }
    }
    return candidates.last?.token ?? 0
  }

  /// The `count` likeliest tokens, best first.
  static func best(
    _ count: Int, of scores: UnsafeBufferPointer<Float>, _ arithmetic: Arithmetic
  ) -> [TokenScore] {
    scored(count, of: scores, arithmetic.logSumExp(scores), arithmetic)
  }

  /// Below it the second best token of any model has no chance that a double could hold.
  private static let smallestTemperature: Float = 1e-5

  static func scored(
    _ count: Int, of scores: UnsafeBufferPointer<Float>, _ normaliser: Float,
    _ arithmetic: Arithmetic
  ) -> [TokenScore] {
    largest(count, of: scores, arithmetic).map {
      TokenScore(token: $0.token, logprob: $0.score - normaliser)
    }
  }

  private static func largest(
    _ count: Int, of scores: UnsafeBufferPointer<Float>, _ arithmetic: Arithmetic
  ) -> [(token: Token, score: Float)] {
    guard count > 0 else { return [] }
    return withUnsafeTemporaryAllocation(of: Int32.self, capacity: count) { indices in
      withUnsafeTemporaryAllocation(of: Float.self, capacity: count) { values in
        guard let places = indices.baseAddress, let numbers = values.baseAddress else { return [] }
        let found = arithmetic.largest(count, of: scores, indices: places, values: numbers)
        // Tokens that a mask closed are none.
        return (0..<found).map { (Token(places[$0]), numbers[$0]) }
          .filter { TokenMask.isOpen($0.1) }
      }
    }
  }

  /// A number in [0, 1) from seed and step (SplitMix64, Steele and others, 2014).
  private func uniform(step: Int) -> Double {
    var mixed =
      options.seed &+ UInt64(truncatingIfNeeded: step &+ 1) &* 0x9E37_79B9_7F4A_7C15
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    mixed ^= mixed >> 31
    return Double(mixed >> 11) / Double(1 << 53)
  }
}
