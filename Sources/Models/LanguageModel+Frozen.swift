internal import Hooks
package import Tensors

/// The forward pass with patterns and the denominators of norms held fixed: what remains is linear, and can be taken
/// apart (Elhage and others 2021).
extension LanguageModel {
  /// What each head would add to the residual stream if it attended to one position alone.
  ///
  /// A norm behind attention is left at a denominator of 1; ``attentionDenominator(layer:of:)`` has the true one.
  /// - Axes: `values [rows, keyValueHeads * d_head]`, `out [rows, heads * d_model]`.
  package func writes(
    ofValues values: FloatRows, layer: Int, into out: FloatRows, _ arithmetic: Arithmetic
  ) {
    let attention = blocks[layer].attention
    let size = attention.headDimension
    let group = attention.heads / attention.keyValueHeads
    let mixed = FloatSlab(count: values.rows * attention.heads * size)
    let rows = mixed.rows(values.rows, width: attention.heads * size)
    for row in 0..<values.rows {
      let (source, target) = (values.row(row), rows.row(row))
      for head in 0..<attention.heads {
        let first = head / group * size
        for element in 0..<size { target[head * size + element] = source[first + element] }
      }
    }
    // Views don't keep their slabs alive.
    withExtendedLifetime(mixed) { writes(ofMixed: rows, layer: layer, into: out, arithmetic) }
  }

  /// What each head adds to the residual stream: ``writes(ofValues:layer:into:_:)`` of what it mixed.
  ///
  /// - Axes: `mixed [rows, heads * d_head]`, `out [rows, heads * d_model]`.
  package func writes(
    ofMixed mixed: FloatRows, layer: Int, into out: FloatRows, _ arithmetic: Arithmetic
  ) {
    let block = blocks[layer]
    block.attention.project(mixed, into: out, arithmetic)
    if let norm = block.attentionPostNorm {
      let width = catalogue.hiddenSize
      for row in 0..<out.rows {
        for head in 0..<block.attention.heads {
          norm.pushForward(
            UnsafeMutableBufferPointer(
              rebasing: out.row(row)[head * width..<(head + 1) * width]))
        }
      }
    }
    if block.updateScale != 1 { arithmetic.scale(out, by: block.updateScale) }
  }

  /// Whether a norm stands behind a layer's attention.
  package func hasAttentionPostNorm(layer: Int) -> Bool { blocks[layer].attentionPostNorm != nil }

  /// What the norm behind a layer's attention divides its output `[d_model]` by; 1 where there is none.
  package func attentionDenominator(layer: Int, of output: UnsafeBufferPointer<Float>) -> Float {
    Float(blocks[layer].attentionPostNorm?.denominator(of: output) ?? 1)
  }

  /// What a layer's updates are multiplied by before they are added to the stream.
  package func updateScale(layer: Int) -> Float { blocks[layer].updateScale }
}
