internal import Hooks
package import Tensors

/// The frozen forward pass backwards: no softmax, no rotation, no feed-forward part, only values, outputs and norms.
extension LanguageModel {
  /// Carries directions of the stream behind a layer's attention to the stream before the layer.
  ///
  /// - Parameters:
  ///   - directions: `[positions, d_model]`, changed in place; the residual path keeps what was there.
  ///   - readings: what each head reads on the way.
  /// - Throws: where a matrix can't be laid out, which no model that was loaded has shown.
  package func carryBack(
    _ directions: FloatRows, layer: Int, _ held: FrozenAttention, into readings: HeadReadings,
    _ arithmetic: Arithmetic
  ) throws(WeightMatrix.Problem) {
    let block = blocks[layer]
    let (attention, width) = (block.attention, catalogue.hiddenSize)
    let (heads, size) = (attention.heads, attention.headDimension)
    let count = directions.rows
    let behind = FloatSlab(count: count * width)
    let wanted = FloatSlab(count: count * heads * size)
    let (behindRows, wantedRows) = (
      behind.rows(count, width: width), wanted.rows(count, width: heads * size)
    )
    arithmetic.copy(directions, into: behindRows)
    for position in 0..<count {
      pullBack(
        behindRows[position..<position + 1], throughAttentionOf: layer,
        at: Self.row(position, of: held.output, width))
    }
    let output = try attention.output.transposed(arithmetic)
    arithmetic.add(
      try output.matrix(rows: heads * size, columns: width), behindRows, into: wantedRows,
      policy: .panel)
    arithmetic.run()
    // Views don't keep their slabs alive.
    try withExtendedLifetime((behind, wanted)) { () throws(WeightMatrix.Problem) in
      let value = try attention.value.transposed(arithmetic)
      try read(wantedRows, through: value, block, held, into: readings, arithmetic)
      try mix(wantedRows, through: value, block, held, into: directions, arithmetic)
    }
  }

  /// Each head's own direction, its biases, and the denominators of all positions.
  private func read(
    _ wanted: FloatRows, through value: FloatSlab, _ block: Block, _ held: FrozenAttention,
    into readings: HeadReadings, _ arithmetic: Arithmetic
  ) throws(WeightMatrix.Problem) {
    let (attention, width) = (block.attention, catalogue.hiddenSize)
    let (heads, size) = (attention.heads, attention.headDimension)
    let group = heads / attention.keyValueHeads
    let target = readings.directions
    for head in 0..<heads {
      let part = try value.matrix(
        rows: width, columns: size, from: head / group * size,
        stride: attention.keyValueHeads * size)
      arithmetic.add(
        part, wanted.columns(head * size..<(head + 1) * size),
        into: FloatRows(
          base: target.base + head * target.stride, rows: wanted.rows, width: width,
          stride: heads * target.stride), policy: .panel)
    }
    arithmetic.run()
    for row in 0..<target.rows { block.attentionNorm?.weighBack(target.row(row)) }
    for position in 0..<wanted.rows {
      readings.denominators[position] = Float(
        block.attentionNorm?.denominator(of: Self.row(position, of: held.stream, width)) ?? 1)
    }
    let bias = valueBias(block, arithmetic)
    for position in 0..<wanted.rows {
      for head in 0..<heads {
        let place = position * heads + head
        guard let bias else {
          readings.biases[place] = 0
          continue
        }
        var sum = 0.0
        for element in 0..<size {
          sum +=
            Double(wanted.row(position)[head * size + element])
            * Double(bias.base[head / group * size + element])
        }
        var attended = 0.0
        let row = (head * wanted.rows + position) * wanted.rows
        for source in 0...position { attended += Double(held.pattern[row + source]) }
        readings.biases[place] = Float(sum * attended)
      }
    }
  }

  /// What a value has of biases alone: its own, and that of the norm before it; nil where there are none.
  private func valueBias(_ block: Block, _ arithmetic: Arithmetic) -> FloatSlab? {
    let attention = block.attention
    var normBias: Vector?
    if case .layer(let bias)? = block.attentionNorm?.kind { normBias = bias }
    guard normBias != nil || attention.value.bias != nil else { return nil }
    let width = catalogue.hiddenSize
    let (input, result) = (
      FloatSlab(count: width), FloatSlab(count: attention.keyValueHeads * attention.headDimension)
    )
    if let normBias { input.base.update(from: normBias.pointer, count: width) }
    withExtendedLifetime(input) {
      attention.value.apply(
        input.rows(1, width: width), into: result.rows(1, width: result.count), arithmetic)
    }
    return result
  }

  /// Adds what all heads together read of each position.
  private func mix(
    _ wanted: FloatRows, through value: FloatSlab, _ block: Block, _ held: FrozenAttention,
    into directions: FloatRows, _ arithmetic: Arithmetic
  ) throws(WeightMatrix.Problem) {
    let (attention, width, count) = (block.attention, catalogue.hiddenSize, wanted.rows)
    let (size, values) = (
      attention.headDimension, attention.keyValueHeads * attention.headDimension
    )
    let group = attention.heads / attention.keyValueHeads
    let (mixed, added) = (FloatSlab(count: count * values), FloatSlab(count: count * width))
    for head in 0..<attention.heads {
      for query in 0..<count {
        let row = (head * count + query) * count
        let asked = wanted.base + query * wanted.stride + head * size
        for source in 0...query where held.pattern[row + source] != 0 {
          let share = held.pattern[row + source]
          let target = mixed.base + source * values + head / group * size
          for element in 0..<size { target[element] += share * asked[element] }
        }
      }
    }
    let addedRows = added.rows(count, width: width)
    arithmetic.add(
      try value.matrix(rows: width, columns: values), mixed.rows(count, width: values),
      into: addedRows, policy: .panel)
    arithmetic.run()
    for source in 0..<count {
      block.attentionNorm?.pullBack(
        addedRows.row(source), at: Self.row(source, of: held.stream, width))
    }
    arithmetic.addInPlace(directions, addedRows)
    withExtendedLifetime((mixed, added)) {}
  }

  private static func row(
    _ index: Int, of rows: UnsafeBufferPointer<Float>, _ width: Int
  ) -> UnsafeBufferPointer<Float> {
    UnsafeBufferPointer(rebasing: rows[index * width..<(index + 1) * width])
  }

  /// Whether something constant is added with a layer's attention.
  package func hasAttentionBias(layer: Int) -> Bool {
    if case .layer(_?)? = blocks[layer].attentionPostNorm?.kind { return true }
    return blocks[layer].attention.output.bias != nil
  }

  /// Adds up the head's rows of some tokens, in double precision.
  ///
  /// - Returns: the sum of their biases.
  package func addHeadRows(
    of tokens: Range<Int32>, to sum: inout [Double], _ arithmetic: Arithmetic
  ) -> Double {
    let row = FloatSlab(count: catalogue.hiddenSize)
    return withExtendedLifetime(row) {
      let view = row.rows(1, width: catalogue.hiddenSize)
      var biases = 0.0
      for token in tokens {
        head.row(token, into: view, arithmetic)
        for column in sum.indices { sum[column] += Double(row.base[column]) }
        biases += head.bias.map { Double($0.pointer[Int(token)]) } ?? 0
      }
      return biases
    }
  }

  /// Carries a direction of what the head reads back to the stream, the last norm's scale frozen at the one of `stream`.
  ///
  /// - Returns: what the last norm's bias says in that direction. Both are multiplied as scores are.
  package func pullBackFromHead(_ direction: FloatRows, at stream: UnsafeBufferPointer<Float>)
    -> Double
  {
    var sum = 0.0
    if case .layer(let bias?) = finalNorm.kind {
      for (column, value) in direction.row(0).enumerated() {
        sum += Double(value) * Double(bias.pointer[column])
      }
    }
    finalNorm.pullBack(direction.row(0), at: stream)
    if scoreScale != 1 {
      for column in 0..<direction.width { direction.base[column] *= scoreScale }
    }
    return sum * Double(scoreScale)
  }

  /// The head's row and bias of a token, the bias multiplied as scores are.
  package func headRow(
    of token: Int32, into row: FloatRows, _ arithmetic: Arithmetic
  ) -> Double {
    head.row(token, into: row, arithmetic)
    return (head.bias.map { Double($0.pointer[Int(token)]) } ?? 0) * Double(scoreScale)
  }

  /// What scores are multiplied by.
  package var scoreMultiplier: Float { scoreScale }
}

extension Linear {
  /// The matrix with what an adapter adds, `[in, out]`: for products with directions of the output.
  func transposed(_ arithmetic: Arithmetic) throws(WeightMatrix.Problem) -> FloatSlab {
    let (outputs, inputs) = (weight.rows, weight.columns)
    let (row, result) = (FloatSlab(count: inputs), FloatSlab(count: inputs * outputs))
    withExtendedLifetime(row) {
      let view = row.rows(1, width: inputs)
      for output in 0..<outputs {
        self.row(Int32(output), into: view, arithmetic)
        for input in 0..<inputs { result.base[input * outputs + output] = row.base[input] }
      }
    }
    return result
  }
}

extension Norm {
  /// ``pullBack(_:at:)`` but for the denominator.
  func weighBack(_ direction: UnsafeMutableBufferPointer<Float>) {
    if let weight {
      for column in direction.indices { direction[column] *= weight.pointer[column] }
    }
    guard case .layer = kind else { return }
    let mean = Float(
      direction.reduce(0.0) { $0 + Double($1) } / Double(max(direction.count, 1)))
    for column in direction.indices { direction[column] -= mean }
  }
}
