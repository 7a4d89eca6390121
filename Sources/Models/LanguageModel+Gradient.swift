internal import Foundation
internal import Hooks
package import Tensors

/// The gradient of the pass through attention: patterns and the denominators of norms answer, feed-forward parts are held.
extension LanguageModel {
  /// Carries a gradient behind a layer to before it.
  ///
  /// - Parameters:
  ///   - gradient: `[positions, d_model]`, changed in place.
  ///   - mixed: `[positions, heads * d_head]`, filled with the gradient of what the heads mixed.
  /// - Throws: where a matrix can't be laid out, which no model that was loaded has shown.
  package func carryGradient(
    _ gradient: FloatRows, layer: Int, _ held: HeldAttention, into mixed: FloatRows,
    _ arithmetic: Arithmetic
  ) throws(WeightMatrix.Problem) {
    let (block, width, count) = (blocks[layer], catalogue.hiddenSize, gradient.rows)
    let attention = block.attention
    let behind = FloatSlab(count: count * width)
    let behindRows = behind.rows(count, width: width)
    arithmetic.copy(gradient, into: behindRows)
    let parts = try attentionGradient(behindRows, layer: layer, held, into: mixed, arithmetic)
    for (linear, part) in zip([attention.query, attention.key, attention.value], parts) {
      let columns = linear.weight.rows
      let weights = try linear.transposed(arithmetic)
      arithmetic.add(
        try weights.matrix(rows: width, columns: columns), part.rows(count, width: columns),
        into: behindRows, policy: .panel)
      arithmetic.run()
      for position in 0..<count {
        block.attentionNorm?.differentiate(
          behindRows.row(position), at: held.stream[position * width..<(position + 1) * width])
      }
      arithmetic.addInPlace(gradient, behindRows)
    }
    // Views don't keep their slabs alive.
    withExtendedLifetime(behind) {}
  }

  /// The gradients of a layer's queries, keys and values before norms and rotation, as the files order their rows.
  ///
  /// - Parameters:
  ///   - added: `[positions, d_model]`, the gradient of what attention added; changed to that before the norm behind it.
  ///   - mixed: `[positions, heads * d_head]`, filled with the gradient of what the heads mixed.
  func attentionGradient(
    _ added: FloatRows, layer: Int, _ held: HeldAttention, into mixed: FloatRows,
    _ arithmetic: Arithmetic
  ) throws(WeightMatrix.Problem) -> [FloatSlab] {
    let (block, width, count) = (blocks[layer], catalogue.hiddenSize, added.rows)
    if block.updateScale != 1 { arithmetic.scale(added, by: block.updateScale) }
    for position in 0..<count {
      block.attentionPostNorm?.differentiate(
        added.row(position), at: held.output[position * width..<(position + 1) * width])
    }
    let output = try block.attention.output.transposed(arithmetic)
    arithmetic.add(
      try output.matrix(rows: mixed.width, columns: width), added, into: mixed, policy: .panel)
    arithmetic.run()
    return block.attention.gradient(
      of: mixed, held, shift: rotaryShift(of: count), arithmetic)
  }

  /// Where the rotation of a pass of so many tokens begins in its table: see ``prepare(_:for:)``.
  func rotaryShift(of tokens: Int) -> Int {
    longContext.map { tokens > $0 ? contextLength : 0 } ?? 0
  }

  /// Takes off a direction that was carried through the last norm with its denominator held what the denominator's own
  /// answer takes off.
  package func releaseLastNorm(_ direction: inout [Float], at stream: [Float]) {
    let (centre, size) = stream.withUnsafeBufferPointer { finalNorm.scale(of: $0) }
    var shared = 0.0
    for column in direction.indices {
      shared += Double(direction[column]) * (Double(stream[column]) - centre) / size
    }
    shared /= Double(max(direction.count, 1))
    for column in direction.indices {
      direction[column] -= Float(shared * (Double(stream[column]) - centre) / size)
    }
  }
}

extension Attention {
  /// The gradients of queries, keys and values before norms and rotation, as the files order their rows.
  func gradient(
    of mixed: FloatRows, _ held: HeldAttention, shift: Int, _ arithmetic: Arithmetic
  ) -> [FloatSlab] {
    let (count, size, group) = (mixed.rows, headDimension, heads / keyValueHeads)
    let (queryWidth, keyWidth) = (heads * size, keyValueHeads * size)
    let queries = FloatSlab(count: count * queryWidth)
    let (keys, values) = (FloatSlab(count: count * keyWidth), FloatSlab(count: count * keyWidth))
    var products = [Float](repeating: 0, count: count)
    for head in 0..<heads {
      let (own, shared) = (head * size, head / group * size)
      for position in 0..<count {
        let row = (head * count + position) * count
        let asked = mixed.base + position * mixed.stride + own
        let query = position * queryWidth + own
        var mean: Float = 0
        for source in 0...position where held.pattern[row + source] != 0 {
          let (share, place) = (held.pattern[row + source], source * keyWidth + shared)
          var product: Float = 0
          for element in 0..<size {
            product += asked[element] * held.values[place + element]
            values.base[place + element] += share * asked[element]
          }
          products[source] = product
          mean += share * product
        }
        for source in 0...position where held.pattern[row + source] != 0 {
          let place = source * keyWidth + shared
          var slope = held.pattern[row + source] * (products[source] - mean) * scale
          if softcap > 0 {
            var score: Float = 0
            for element in 0..<size {
              score += held.turnedQueries[query + element] * held.turnedKeys[place + element]
            }
            let capped = tanh(score * scale / softcap)
            slope *= 1 - capped * capped
          }
          for element in 0..<size {
            queries.base[query + element] += slope * held.turnedKeys[place + element]
            keys.base[place + element] += slope * held.turnedQueries[query + element]
          }
        }
      }
    }
    before(queries.rows(count, width: queryWidth), queryNorm, held.queries, shift, arithmetic)
    before(keys.rows(count, width: keyWidth), keyNorm, held.keys, shift, arithmetic)
    return [queries, keys, values]
  }

  /// Carries a gradient of queries or keys to before rotation, norm and reordering.
  private func before(
    _ rows: FloatRows, _ norm: HeadNorm?, _ raw: [Float], _ shift: Int, _ arithmetic: Arithmetic
  ) {
    turnBack(rows, shift, arithmetic)
    let (size, width) = (headDimension, rows.width)
    func made(_ kind: Norm.Kind, _ weight: Vector) -> Norm {
      Norm(kind: kind, weight: weight, epsilon: normEpsilon)
    }
    for row in 0..<rows.rows {
      let (whole, first) = (rows.row(row), row * width)
      switch norm {
      case .flat(let weight):
        made(.rootMeanSquare, weight).differentiate(whole, at: raw[first..<first + width])
      case .perHead(let weight):
        for start in stride(from: 0, to: width, by: size) {
          made(.rootMeanSquare, weight).differentiate(
            UnsafeMutableBufferPointer(rebasing: whole[start..<start + size]),
            at: raw[first + start..<first + start + size])
        }
      case .layerOfEachHead(let weight):
        for start in stride(from: 0, to: width, by: size) {
          made(.layer(bias: nil), weight.part(start..<start + size)).differentiate(
            UnsafeMutableBufferPointer(rebasing: whole[start..<start + size]),
            at: raw[first + start..<first + start + size])
        }
      case nil: break
      }
    }
    if interleaved { arithmetic.interleave(rows, headDim: size) }
  }

  /// Rotates the other way: by the same table, the second half of what turns negated before and after.
  private func turnBack(_ rows: FloatRows, _ shift: Int, _ arithmetic: Arithmetic) {
    guard let rotary else { return }
    if turnsNeighbours { arithmetic.deinterleave(rows, headDim: headDimension) }
    let turned = rotary.rotaryDimension
    func negate() {
      for row in 0..<rows.rows {
        let numbers = rows.row(row)
        for start in stride(from: 0, to: rows.width, by: headDimension) {
          for element in start + turned / 2..<start + turned { numbers[element].negate() }
        }
      }
    }
    negate()
    let places = (0..<rows.rows).map { Int32($0 + shift) }
    places.withUnsafeBufferPointer { places in
      guard let places = places.baseAddress else { return }
      rotary.rotate(
        rows, heads: rows.width / headDimension, headDimension: headDimension, positions: places,
        arithmetic)
    }
    negate()
    if turnsNeighbours { arithmetic.interleave(rows, headDim: headDimension) }
  }
}

extension Norm {
  /// What it takes off a row, and what it then divides by.
  func scale(of row: UnsafeBufferPointer<Float>) -> (centre: Double, size: Double) {
    var centre = 0.0
    if case .layer = kind {
      centre = row.reduce(0.0) { $0 + Double($1) } / Double(max(row.count, 1))
    }
    return (centre, denominator(of: row))
  }

  /// Carries a gradient of the output to the input, in place.
  func differentiate(
    _ gradient: UnsafeMutableBufferPointer<Float>, at input: ArraySlice<Float>
  ) {
    input.withUnsafeBufferPointer { input in
      let (centre, size) = scale(of: input)
      let count = Double(max(gradient.count, 1))
      var (mean, shared) = (0.0, 0.0)
      for column in gradient.indices {
        if let weight { gradient[column] *= weight.pointer[column] }
        mean += Double(gradient[column])
        shared += Double(gradient[column]) * (Double(input[column]) - centre) / size
      }
      if case .rootMeanSquare = kind { mean = 0 }
      for column in gradient.indices {
        let normal = (Double(input[column]) - centre) / size
        gradient[column] = Float(
          (Double(gradient[column]) - mean / count - normal * shared / count) / size)
      }
    }
  }
}
