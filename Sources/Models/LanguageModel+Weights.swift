internal import Hooks
package import Tensors

/// Heads taken apart into weights, and tokens as what the stream begins and ends with.
extension LanguageModel {
  /// Whether the norm before the head takes the mean off: then no reader sees the mean of what is written.
  package var takesMeanOff: Bool {
    if case .layer = finalNorm.kind { return true }
    return false
  }

  /// The factors of a layer's heads, decoded row by row.
  ///
  /// Folded, each has the gains of the norms that it reads through or writes through, and no mean where a norm takes
  /// it off: for norms at a denominator of 1 they are then all there is between two heads. Biases are left out.
  package func headFactors(
    layer: Int, isFolded: Bool, _ arithmetic: Arithmetic
  ) -> HeadFactors {
    let block = blocks[layer]
    let attention = block.attention
    var queries = reads(attention.query, block, isFolded: isFolded, arithmetic)
    var keys = reads(attention.key, block, isFolded: isFolded, arithmetic)
    if attention.interleaved {
      attention.deinterleaveRows(of: &queries, width: catalogue.hiddenSize)
      attention.deinterleaveRows(of: &keys, width: catalogue.hiddenSize)
    }
    if isFolded {
      attention.fold(attention.queryNorm, into: &queries, width: catalogue.hiddenSize)
      attention.fold(attention.keyNorm, into: &keys, width: catalogue.hiddenSize)
    }
    return HeadFactors(
      queries: queries, keys: keys,
      values: reads(attention.value, block, isFolded: isFolded, arithmetic),
      outputs: writes(of: block, isFolded: isFolded, arithmetic))
  }

  private func reads(
    _ linear: Linear, _ block: Block, isFolded: Bool, _ arithmetic: Arithmetic
  ) -> [Float] {
    let width = catalogue.hiddenSize
    return decoded(rows: linear.weight.rows, width: width) { row, view in
      linear.row(Int32(row), into: view, arithmetic)
      if isFolded { block.attentionNorm?.weighBack(view.row(0)) }
    }
  }

  private func writes(of block: Block, isFolded: Bool, _ arithmetic: Arithmetic) -> [Float] {
    let width = catalogue.hiddenSize
    let inner = block.attention.heads * block.attention.headDimension
    var result = [Float](repeating: 0, count: inner * width)
    let rows = decoded(rows: width, width: inner) { row, view in
      block.attention.output.row(Int32(row), into: view, arithmetic)
    }
    for column in 0..<width {
      for element in 0..<inner { result[element * width + column] = rows[column * inner + element] }
    }
    result.withUnsafeMutableBufferPointer { all in
      for element in 0..<inner {
        let row = UnsafeMutableBufferPointer(
          rebasing: all[element * width..<(element + 1) * width])
        if isFolded {
          block.attentionPostNorm?.pushForward(row)
          if takesMeanOff { row.takeMeanOff() }
        }
        if block.updateScale != 1 {
          for column in row.indices { row[column] *= block.updateScale }
        }
      }
    }
    return result
  }

  /// The embeddings of some tokens, `[tokens, d_model]`: folded, without their mean where the readers take it off.
  package func embeddings(
    of tokens: Range<Int32>, isFolded: Bool, _ arithmetic: Arithmetic
  ) -> [Float] {
    decoded(rows: tokens.count, width: catalogue.hiddenSize) { row, view in
      let token = tokens.lowerBound + Int32(row)
      withUnsafePointer(to: token) {
        arithmetic.embed(embedding, tokens: $0, scale: embeddingScale, into: view)
        embeddingUpdate?.embed(tokens: $0, scale: embeddingScale, into: view, arithmetic)
      }
      if isFolded, takesMeanOff { view.row(0).takeMeanOff() }
    }
  }

  /// The head's rows of some tokens, `[tokens, d_model]`: folded, with the last norm's gain.
  package func unembeddings(
    of tokens: Range<Int32>, isFolded: Bool, _ arithmetic: Arithmetic
  ) -> [Float] {
    decoded(rows: tokens.count, width: catalogue.hiddenSize) { row, view in
      head.row(tokens.lowerBound + Int32(row), into: view, arithmetic)
      if isFolded { finalNorm.weighBack(view.row(0)) }
      if scoreScale != 1 { arithmetic.scale(view, by: scoreScale) }
    }
  }

  private func decoded(
    rows: Int, width: Int, _ decode: (Int, FloatRows) -> Void
  ) -> [Float] {
    let row = FloatSlab(count: width)
    return withExtendedLifetime(row) {
      let view = row.rows(1, width: width)
      var result: [Float] = []
      result.reserveCapacity(rows * width)
      for index in 0..<rows {
        decode(index, view)
        result += view.row(0)
      }
      return result
    }
  }
}

extension Attention {
  /// Brings the rows of heads whose neighbours turn together into the order of the published model.
  fileprivate func deinterleaveRows(of rows: inout [Float], width: Int) {
    let (source, half) = (rows, headDimension / 2)
    for first in stride(from: 0, to: rows.count / max(width, 1), by: headDimension) {
      for pair in 0..<half {
        for column in 0..<width {
          rows[(first + pair) * width + column] = source[(first + 2 * pair) * width + column]
          rows[(first + half + pair) * width + column] =
            source[(first + 2 * pair + 1) * width + column]
        }
      }
    }
  }

  /// Weighs the rows of heads as a norm of queries or keys does, and takes off what it takes off.
  fileprivate func fold(_ norm: HeadNorm?, into rows: inout [Float], width: Int) {
    guard let norm, width > 0 else { return }
    for first in stride(from: 0, to: rows.count / width, by: headDimension) {
      var means = [Float](repeating: 0, count: width)
      let weight: Vector
      let start: Int
      switch norm {
      case .perHead(let one): (weight, start) = (one, 0)
      case .flat(let all): (weight, start) = (all, first)
      case .layerOfEachHead(let all):
        (weight, start) = (all, first)
        for element in 0..<headDimension {
          for column in 0..<width {
            means[column] += rows[(first + element) * width + column] / Float(headDimension)
          }
        }
      }
      for element in 0..<headDimension {
        let gain = weight.pointer[start + element]
        for column in 0..<width {
          let place = (first + element) * width + column
          rows[place] = (rows[place] - means[column]) * gain
        }
      }
    }
  }
}

extension UnsafeMutableBufferPointer<Float> {
  /// Makes its mean 0.
  fileprivate func takeMeanOff() {
    let mean = Float(reduce(0.0) { $0 + Double($1) } / Double(Swift.max(count, 1)))
    for index in indices { self[index] -= mean }
  }
}
