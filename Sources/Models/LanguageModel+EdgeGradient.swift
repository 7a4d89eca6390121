internal import Hooks
package import Tensors

/// The gradient of what each reader of the stream reads: edge attribution patching (Syed and others 2023).
extension LanguageModel {
  /// Carries a gradient of what a layer's attention added to the streams that its readers read.
  ///
  /// - Parameters:
  ///   - gradient: `[positions, d_model]`.
  ///   - held: of a pass in which all readers read the same.
  ///   - readers: `[readers * positions, d_model]`, filled: queries head by head, then keys, then values.
  /// - Throws: where a matrix can't be laid out, which no model that was loaded has shown.
  package func carryGradient(
    _ gradient: FloatRows, layer: Int, _ held: HeldAttention, toReaders readers: FloatRows,
    _ arithmetic: Arithmetic
  ) throws(WeightMatrix.Problem) {
    let (block, width, count) = (blocks[layer], catalogue.hiddenSize, gradient.rows)
    let attention = block.attention
    let size = attention.headDimension
    let (behind, mixed) = (
      FloatSlab(count: count * width), FloatSlab(count: count * attention.heads * size)
    )
    let behindRows = behind.rows(count, width: width)
    let mixedRows = mixed.rows(count, width: attention.heads * size)
    arithmetic.copy(gradient, into: behindRows)
    let parts = try attentionGradient(behindRows, layer: layer, held, into: mixedRows, arithmetic)
    var next = 0
    for (linear, part) in zip([attention.query, attention.key, attention.value], parts) {
      let columns = linear.weight.rows
      let weights = try linear.transposed(arithmetic)
      let rows = part.rows(count, width: columns)
      for first in stride(from: 0, to: columns, by: size) {
        arithmetic.add(
          try weights.matrix(rows: width, columns: size, from: first, stride: columns),
          rows.columns(first..<first + size), into: readers[next..<next + count], policy: .panel)
        next += count
      }
      arithmetic.run()
    }
    for row in 0..<next {
      let first = row % count * width
      block.attentionNorm?.differentiate(
        readers.row(row), at: held.stream[first..<first + width])
    }
    // Views don't keep their slabs alive.
    withExtendedLifetime((behind, mixed)) {}
  }

  /// Whether a layer's feed-forward part has a gradient here: experts have none.
  package func hasFeedForwardGradient(layer: Int) -> Bool {
    if case .mixture = blocks[layer].mlp { false } else { true }
  }

  /// Carries a gradient of what a layer's feed-forward part added to the stream that it read, in place.
  ///
  /// - Parameters:
  ///   - gradient: `[positions, d_model]`; left as it is where the layer has experts.
  ///   - stream: `[positions, d_model]`, what it read.
  /// - Throws: where a matrix can't be laid out, which no model that was loaded has shown.
  package func carryFeedForwardGradient(
    _ gradient: FloatRows, layer: Int, at stream: FloatRows, _ arithmetic: Arithmetic
  ) throws(WeightMatrix.Problem) {
    guard hasFeedForwardGradient(layer: layer) else { return }
    let block = blocks[layer]
    let (norm, count, width) = (block.readingNorm, stream.rows, stream.width)
    let normed = FloatSlab(count: count * width)
    let input = normed.rows(count, width: width)
    arithmetic.copy(stream, into: input)
    norm?.apply(stream, into: input, arithmetic)
    if block.updateScale != 1 { arithmetic.scale(gradient, by: block.updateScale) }
    switch block.mlp {
    case .gated(let gate, let up, let down, let activation):
      let g = FloatSlab(gate, input, arithmetic)
      let (u, h) = (FloatSlab(up, input, arithmetic), FloatSlab(count: g.count))
      let (gates, ups) = (
        g.rows(count, width: gate.weight.rows), u.rows(count, width: up.weight.rows)
      )
      let hidden = h.rows(count, width: gate.weight.rows)
      arithmetic.product(activation, gate: gates, up: ups, into: hidden)
      block.leave(gradient, down, hidden, arithmetic)
      try down.carry(gradient, into: hidden, arithmetic)
      for index in 0..<g.count {
        let (slope, behind) = (activation.slope(at: Double(g.base[index])), Double(h.base[index]))
        h.base[index] = Float(behind * Double(u.base[index]) * slope)
        u.base[index] = Float(behind)
      }
      arithmetic.product(activation, gate: gates, up: ups, into: ups)
      try gate.carry(hidden, into: gradient, arithmetic)
      try up.carry(ups, into: input, arithmetic)
      arithmetic.addInPlace(gradient, input)
      withExtendedLifetime((g, u, h)) {}
    case .plain(let up, let down, let activation):
      let u = FloatSlab(up, input, arithmetic)
      let h = FloatSlab(count: u.count)
      let hidden = h.rows(count, width: up.weight.rows)
      arithmetic.apply(activation, u.rows(count, width: up.weight.rows), into: hidden)
      block.leave(gradient, down, hidden, arithmetic)
      try down.carry(gradient, into: hidden, arithmetic)
      for index in 0..<u.count {
        h.base[index] *= Float(activation.slope(at: Double(u.base[index])))
      }
      try up.carry(hidden, into: gradient, arithmetic)
      withExtendedLifetime((u, h)) {}
    case .mixture: return
    }
    for position in 0..<count {
      norm?.differentiate(gradient.row(position), at: ArraySlice(stream.row(position)))
    }
    withExtendedLifetime(normed) {}
  }
}

extension Block {
  /// The norm before what the feed-forward part reads.
  var readingNorm: Norm? { isParallel ? attentionNorm : mlpNorm }

  /// Carries a gradient to before the norm behind the feed-forward part.
  fileprivate func leave(
    _ gradient: FloatRows, _ down: Linear, _ hidden: FloatRows, _ arithmetic: Arithmetic
  ) {
    guard let norm = mlpPostNorm else { return }
    let output = FloatSlab(down, hidden, arithmetic)
    let rows = output.rows(gradient.rows, width: gradient.width)
    for position in 0..<gradient.rows {
      norm.differentiate(gradient.row(position), at: ArraySlice(rows.row(position)))
    }
    withExtendedLifetime(output) {}
  }
}

extension FloatSlab {
  /// What a matrix makes of rows.
  fileprivate convenience init(_ linear: Linear, _ rows: FloatRows, _ arithmetic: Arithmetic) {
    self.init(count: rows.rows * linear.weight.rows)
    linear.apply(rows, into: self.rows(rows.rows, width: linear.weight.rows), arithmetic)
  }
}

extension Linear {
  /// Carries a gradient of the output to the input.
  fileprivate func carry(
    _ gradient: FloatRows, into result: FloatRows, _ arithmetic: Arithmetic
  ) throws(WeightMatrix.Problem) {
    let weights = try transposed(arithmetic)
    arithmetic.add(
      try weights.matrix(rows: weight.columns, columns: weight.rows), gradient, into: result,
      policy: .panel)
    arithmetic.run()
  }
}
