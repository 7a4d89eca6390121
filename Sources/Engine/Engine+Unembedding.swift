internal import Models
internal import Tensors
package import Tokenizers

/// What a row of the residual stream says of the next token.
package struct TokenReading: Sendable, Equatable {
  /// One token among all of the vocabulary.
  package struct Place: Sendable, Equatable {
    package let score: TokenScore
    package let logit: Float
    /// How many tokens are likelier: 0 is the best.
    package let rank: Int
  }

  /// The likeliest tokens, best first.
  package let top: [TokenScore]
  /// The token that was asked about, if one was.
  package let target: Place?
}

extension Engine {
  /// Rows that ``unembed(_:rows:top:targets:)`` best takes at a time; between two calls the loop is free for passes.
  package static let unembeddedRows = 16

  /// The tokens that rows of the residual stream would be read as: last norm, head, softmax, the `top` best.
  ///
  /// - Parameters:
  ///   - rows: `[n, d_model]`, row-major.
  ///   - targets: for each row the token whose place is wanted, in the vocabulary; empty for none.
  package func unembed(
    _ model: LoadedModel, rows: ArraySlice<Float>, top: Int, targets: [Token?] = []
  ) -> [TokenReading] {
    // Nothing was captured of a model without weights.
    guard let network = model.model else { return [] }
    let width = model.info.hiddenSize
    let vocabulary = model.info.vocabularySize
    let count = rows.count / width
    let block = min(count, Self.unembeddedRows)
    let stream = FloatSlab(count: block * width)
    let normed = FloatSlab(count: block * width)
    let scores = FloatSlab(count: block * vocabulary)
    // Views don't keep their slabs alive.
    return withExtendedLifetime((stream, normed, scores)) {
      var readings: [TokenReading] = []
      for first in stride(from: 0, to: count, by: max(block, 1)) {
        let size = min(block, count - first)
        for offset in 0..<size * width {
          stream.base[offset] = rows[rows.startIndex + first * width + offset]
        }
        let block = scores.rows(size, width: vocabulary)
        network.unembed(
          stream.rows(size, width: width), normed: normed.rows(size, width: width),
          into: block, arithmetic)
        for row in 0..<size {
          let target = targets.indices.contains(first + row) ? targets[first + row] : nil
          readings.append(read(UnsafeBufferPointer(block.row(row)), top: top, target: target))
        }
      }
      return readings
    }
  }

  private func read(
    _ scores: UnsafeBufferPointer<Float>, top: Int, target: Token?
  ) -> TokenReading {
    let best = Sampler.best(min(top, scores.count), of: scores, arithmetic)
    guard let target, scores.indices.contains(Int(target)) else {
      return TokenReading(top: best, target: nil)
    }
    let logit = scores[Int(target)]
    let score = TokenScore(token: target, logprob: logit - arithmetic.logSumExp(scores))
    let rank = scores.reduce(into: 0) { count, score in if score > logit { count += 1 } }
    return TokenReading(
      top: best, target: TokenReading.Place(score: score, logit: logit, rank: rank))
  }

  /// How much of one token's score each row added to the residual stream is, the last norm's scale frozen
  /// (Elhage and others 2021).
  ///
  /// - Parameters:
  ///   - parts: `[n, d_model]`: what components added at one position.
  ///   - stream: `[d_model]`: the whole stream there, whose norm sets the scale.
  ///   - answer: a token of the vocabulary.
  ///   - other: a token whose score is taken off, or nil.
  /// - Returns: the share of each part, and that of the biases behind the stream.
  package func attribute(
    _ model: LoadedModel, parts: [Float], stream: [Float], answer: Token, against other: Token?
  ) -> (parts: [Float], bias: Float) {
    guard let network = model.model else { return ([], 0) }
    let width = model.info.hiddenSize
    let row = FloatSlab(count: width)
    let scratch = FloatSlab(count: width)
    // Views don't keep their slabs alive.
    return withExtendedLifetime((row, scratch)) {
      let direction = row.rows(1, width: width)
      let spare = scratch.rows(1, width: width)
      point(direction, at: stream, to: answer, against: other, spare: spare, network)
      let shares = (0..<parts.count / width).map { part in
        product(parts[part * width..<(part + 1) * width], direction)
      }
      let bias =
        network.bias(of: answer, scratch: spare, arithmetic)
        - (other.map { network.bias(of: $0, scratch: spare, arithmetic) } ?? 0)
      return (shares, bias)
    }
  }

  /// What of a layer's attention each head wrote, as a share of one token's score; the biases of both are nobody's.
  ///
  /// - Parameters:
  ///   - heads: `[heads * d_head]`: the heads' outputs before they are mixed, at one position.
  ///   - output: `[d_model]`: the attention's output there, before a norm behind it.
  ///   - stream: as of ``attribute(_:parts:stream:answer:against:)``, like the tokens.
  package func attributeHeads(
    _ model: LoadedModel, layer: Int, heads: [Float], output: [Float], stream: [Float],
    answer: Token, against other: Token?
  ) -> [Float] {
    guard let network = model.model else { return [] }
    let width = model.info.hiddenSize
    let (count, size) = (model.info.heads, model.info.headDimension)
    let apart = FloatSlab(count: count * count * size)
    let written = FloatSlab(count: count * width)
    let row = FloatSlab(count: width)
    let scratch = FloatSlab(count: width)
    // Views don't keep their slabs alive.
    return withExtendedLifetime((apart, written, row, scratch)) {
      for head in 0..<count {
        for element in head * size..<(head + 1) * size {
          apart.base[head * count * size + element] = heads[element]
        }
      }
      let out = written.rows(count, width: width)
      network.project(
        apart.rows(count, width: count * size), layer: layer, into: out, arithmetic)
      let direction = row.rows(1, width: width)
      point(
        direction, at: stream, to: answer, against: other,
        spare: scratch.rows(1, width: width), network)
      output.withUnsafeBufferPointer {
        network.pullBack(direction, throughAttentionOf: layer, at: $0)
      }
      return (0..<count).map { product(out.row($0), direction) }
    }
  }

  /// The direction that raises one token's score, or one's over another's.
  private func point(
    _ direction: FloatRows, at stream: [Float], to answer: Token, against other: Token?,
    spare: FloatRows, _ network: LanguageModel
  ) {
    stream.withUnsafeBufferPointer { stream in
      network.direction(of: answer, at: stream, into: direction, arithmetic)
      guard let other else { return }
      network.direction(of: other, at: stream, into: spare, arithmetic)
      for column in 0..<direction.width { direction.base[column] -= spare.base[column] }
    }
  }

  /// The inner product, summed in double precision.
  private func product(_ part: some Collection<Float>, _ direction: FloatRows) -> Float {
    var sum = 0.0
    for (column, value) in part.enumerated() {
      sum += Double(value) * Double(direction.base[column])
    }
    return Float(sum)
  }
}
