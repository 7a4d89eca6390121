internal import Hooks
package import Tensors

/// What the residual stream says of the next token, and who said it: the last norm and the head, taken apart.
extension LanguageModel {
  /// The last norm and the head on rows of the residual stream from anywhere: the logit lens (nostalgebraist 2020).
  ///
  /// The products are those of ``forward(_:_:_:)``, so the last layer's rows give the model's own scores bit by bit.
  /// - Axes: `rows [rows, d_model]`, `normed` alike, `scores [rows, vocabulary]`.
  package func unembed(
    _ rows: FloatRows, normed: FloatRows, into scores: FloatRows, _ arithmetic: Arithmetic
  ) {
    finalNorm.apply(rows, into: normed, arithmetic)
    head.apply(normed, into: scores, arithmetic)
    shape(scores, arithmetic)
  }

  /// The direction of the residual stream that raises a token's score, `[d_model]`, with the last norm's scale frozen
  /// at the one of `stream` (Elhage and others 2021): the score is the stream's product with it, and ``bias(of:)``.
  ///
  /// Where scores are capped it is the score before the cap, since a cap is no sum of parts.
  package func direction(
    of token: Int32, at stream: UnsafeBufferPointer<Float>, into row: FloatRows,
    _ arithmetic: Arithmetic
  ) {
    head.row(token, into: row, arithmetic)
    finalNorm.pullBack(row.row(0), at: stream)
    if scoreScale != 1 { arithmetic.scale(row, by: scoreScale) }
  }

  /// What a token's score has from biases alone: the last norm's and the head's.
  package func bias(of token: Int32, scratch row: FloatRows, _ arithmetic: Arithmetic) -> Float {
    var sum = head.bias.map { Double($0.pointer[Int(token)]) } ?? 0
    guard case .layer(let bias?) = finalNorm.kind else { return Float(sum) * scoreScale }
    head.row(token, into: row, arithmetic)
    for (column, value) in row.row(0).enumerated() {
      sum += Double(value) * Double(bias.pointer[column])
    }
    return Float(sum) * scoreScale
  }

  /// What each head of a layer wrote: its part of the attention's output before a norm behind it.
  ///
  /// - Axes: `apart [heads, heads * d_head]`, a row for each head with the others' numbers zero; `out [heads, d_model]`.
  package func project(
    _ apart: FloatRows, layer: Int, into out: FloatRows, _ arithmetic: Arithmetic
  ) {
    blocks[layer].attention.output.unbiased.apply(apart, into: out, arithmetic)
  }

  /// Carries a direction of the residual stream back through what stands behind a layer's attention: a norm, its scale
  /// frozen at the one of `output [d_model]`, or a multiplier; most families have neither.
  package func pullBack(
    _ direction: FloatRows, throughAttentionOf layer: Int, at output: UnsafeBufferPointer<Float>
  ) {
    let block = blocks[layer]
    block.attentionPostNorm?.pullBack(direction.row(0), at: output)
    guard block.updateScale != 1 else { return }
    for column in 0..<direction.width { direction.row(0)[column] *= block.updateScale }
  }
}
