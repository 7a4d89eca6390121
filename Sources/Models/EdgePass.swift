internal import Hooks
package import Tensors

/// A pass over one prompt in which each reader of the residual stream may read another one: edge patching, a part of a layer
/// at a time.
///
/// Readers of a layer's attention are its queries head by head, then the keys and the values of its key/value heads. What is
/// computed is what ``LanguageModel/forward(_:_:_:)`` computes, by the same products.
///
/// - Ownership: one prompt's; the layers' attentions are called in their order, each once.
package final class EdgePass {
  private let model: LanguageModel
  private let batch: ForwardBatch
  private let work: Workspace

  package init(_ model: LanguageModel, tokens: [Int32]) {
    self.model = model
    batch = ForwardBatch(layers: model.catalogue.layers)
    let cache = KeyValueCache(shape: model.cacheShape)
    _ = model.prepare(cache, for: tokens.count)
    batch.add(
      cache, tokens: tokens[...], isDecode: tokens.count <= ForwardBatch.decodeLimit,
      scores: .none, tap: nil)
    work = Workspace(for: model, maxRows: tokens.count, maxScores: 0)
  }

  private var positions: Int { batch.rowCount }
  private var width: Int { model.catalogue.hiddenSize }

  /// Fills the tokens' embeddings, and the stream that learned positions are added to: both `[positions, d_model]`.
  package func embed(into tokens: FloatRows, stream: FloatRows, _ arithmetic: Arithmetic) {
    let pass = Pass(batch: batch, work: work, arithmetic: arithmetic)
    model.embedTokens(into: tokens, pass)
    arithmetic.copy(tokens, into: stream)
    model.embedPositions(into: stream, pass)
  }

  /// A layer's attention.
  ///
  /// - Parameters:
  ///   - streams: `[readers * positions, d_model]`, or `[positions, d_model]` that all readers read.
  ///   - writes: `[positions, heads * d_model]`, filled with what each head adds to the stream.
  ///   - added: `[positions, d_model]`, filled with all that attention adds, biases too.
  package func attend(
    _ streams: FloatRows, layer: Int, writes: FloatRows, added: FloatRows, _ arithmetic: Arithmetic
  ) {
    let pass = Pass(batch: batch, work: work, arithmetic: arithmetic)
    let block = model.blocks[layer]
    let attention = block.attention
    read(streams, block, arithmetic)
    attention.mix(into: added, layer: layer, pass)
    let mixed = work.mixed.rows(positions, width: attention.heads * attention.headDimension)
    model.writes(ofMixed: mixed, layer: layer, into: writes, arithmetic)
    if let norm = block.attentionPostNorm {
      for position in 0..<positions {
        let size = Float(norm.denominator(of: UnsafeBufferPointer(added.row(position))))
        for column in 0..<writes.width { writes.row(position)[column] /= size }
      }
    }
    arithmetic.copy(added, into: output)
    block.attentionPostNorm?.apply(added, into: added, arithmetic)
    if block.updateScale != 1 { arithmetic.scale(added, by: block.updateScale) }
  }

  /// Attention's output before a norm behind it, of the layer that was computed last.
  private var output: FloatRows { work.update.rows(positions, width: width) }

  /// Projects what each reader reads into the workspace's queries, keys and values.
  private func read(_ streams: FloatRows, _ block: Block, _ arithmetic: Arithmetic) {
    let attention = block.attention
    let (count, size) = (positions, attention.headDimension)
    let isShared = streams.rows == count
    let normed = FloatSlab(count: count * width)
    let row = normed.rows(count, width: width)
    let whole = FloatSlab(count: count * attention.heads * size)
    func input(_ reader: Int) -> FloatRows {
      let stream = streams[reader * count..<(reader + 1) * count]
      guard let norm = block.attentionNorm else { return stream }
      norm.apply(stream, into: row, arithmetic)
      return row
    }
    var reader = 0
    for (linear, slab) in [
      (attention.query, work.query), (attention.key, work.key), (attention.value, work.value),
    ] {
      let columns = linear.weight.rows
      let target = slab.rows(count, width: columns)
      if isShared {
        linear.apply(input(0), into: target, arithmetic)
        continue
      }
      let found = whole.rows(count, width: columns)
      for first in stride(from: 0, to: columns, by: size) {
        linear.apply(input(reader), into: found, arithmetic)
        arithmetic.copy(
          found.columns(first..<first + size), into: target.columns(first..<first + size))
        reader += 1
      }
    }
    withExtendedLifetime((normed, whole)) {}
  }

  /// A layer's feed-forward part or experts.
  ///
  /// - Parameters:
  ///   - stream: `[positions, d_model]`, what it reads.
  ///   - added: `[positions, d_model]`, filled with what it adds.
  package func feedForward(
    _ stream: FloatRows, layer: Int, added: FloatRows, _ arithmetic: Arithmetic
  ) {
    let pass = Pass(batch: batch, work: work, arithmetic: arithmetic)
    let block = model.blocks[layer]
    var input = stream
    if let norm = block.readingNorm {
      input = work.normed.rows(positions, width: width)
      norm.apply(stream, into: input, arithmetic)
    }
    block.mlp.forward(input, into: added, layer: layer, pass)
    block.mlpPostNorm?.apply(added, into: added, arithmetic)
    if block.updateScale != 1 { arithmetic.scale(added, by: block.updateScale) }
  }

  /// What the layer's attention that was computed last held, where all readers read one stream.
  package func held(_ stream: FloatRows, layer: Int, _ arithmetic: Arithmetic) -> HeldAttention? {
    guard let part = batch.parts.first else { return nil }
    let attention = model.blocks[layer].attention
    let (count, size) = (positions, attention.headDimension)
    func rows(_ slab: FloatSlab, _ heads: Int) -> FloatRows {
      slab.rows(count, width: heads * size)
    }
    let turned = (rows(work.query, attention.heads), rows(work.key, attention.keyValueHeads))
    let (queries, keys) = (turned.0.numbers, turned.1.numbers)
    let pattern = FloatSlab(count: attention.heads * count * count)
    let shares = FloatSlab(count: attention.sinks == nil ? 0 : count * attention.heads)
    attention.pattern(
      part, turned.0, layer: layer, into: pattern, sinkShares: shares, arithmetic)
    let values = rows(work.value, attention.keyValueHeads).numbers
    let output = output.numbers
    // Computed anew, as norms and rotation change them in place.
    read(stream, model.blocks[layer], arithmetic)
    if attention.interleaved {
      arithmetic.deinterleave(turned.0, headDim: size)
      arithmetic.deinterleave(turned.1, headDim: size)
    }
    return withExtendedLifetime((pattern, shares)) {
      HeldAttention(
        pattern: Array(UnsafeBufferPointer(start: pattern.base, count: pattern.count)),
        stream: stream.numbers, output: output, queries: turned.0.numbers, turnedQueries: queries,
        keys: turned.1.numbers, turnedKeys: keys, values: values)
    }
  }
}

extension FloatRows {
  /// A copy, row after row.
  fileprivate var numbers: [Float] {
    (0..<rows).flatMap { Array(row($0)) }
  }
}
