internal import Hooks
internal import Tensors

/// Grouped-query attention (Ainslie and others, 2023) with what the families add to it.
struct Attention: Sendable {
  /// A norm of queries or keys before rotation.
  enum HeadNorm: Sendable {
    /// Each head by itself, one weight `[headDimension]` for all (Qwen 3, Gemma 3).
    case perHead(Vector)
    /// The whole row at once, weight `[heads * headDimension]` (OLMo 2).
    case flat(Vector)
    /// A LayerNorm of each head with a weight of its own, `[heads * headDimension]` (Cohere, StableLM).
    case layerOfEachHead(Vector)
  }

  let query: Linear
  let key: Linear
  let value: Linear
  let output: Linear
  let heads: Int
  let keyValueHeads: Int
  let headDimension: Int
  var queryNorm: HeadNorm?
  var keyNorm: HeadNorm?
  var normEpsilon: Float = 0
  /// A logit per head that joins the softmax and is then dropped (gpt-oss).
  var sinks: Vector?
  let scale: Float
  /// Keys that a query sees with its own, or 0 for all before it.
  var window = 0
  /// Scores become `softcap * tanh(score / softcap)`; 0 for none.
  var softcap: Float = 0
  let rotary: RotaryTable?
  /// Whether the rows of q and k are stored in pairs (2i, 2i + 1), as in GGUF's Llama files.
  var interleaved = false
  /// Whether the elements 2i and 2i + 1 of a head turn together (Cohere).
  var turnsNeighbours = false

  /// `normed [rows, d]` to `out [rows, d]`, the output projection's result.
  func forward(_ normed: FloatRows, into out: FloatRows, layer: Int, _ pass: Pass) {
    let rows = pass.rows
    let q = pass.work.query.rows(rows, width: heads * headDimension)
    let k = pass.work.key.rows(rows, width: keyValueHeads * headDimension)
    let v = pass.work.value.rows(rows, width: keyValueHeads * headDimension)
    pass.plan(query, normed, into: q)
    pass.plan(key, normed, into: k)
    pass.plan(value, normed, into: v)
    pass.run()
    mix(into: out, layer: layer, pass)
  }

  /// The rest of ``forward(_:into:layer:_:)``: from queries, keys and values in the workspace, as their projections gave
  /// them, to the output projection's result.
  func mix(into out: FloatRows, layer: Int, _ pass: Pass) {
    let rows = pass.rows
    let q = pass.work.query.rows(rows, width: heads * headDimension)
    let k = pass.work.key.rows(rows, width: keyValueHeads * headDimension)
    let v = pass.work.value.rows(rows, width: keyValueHeads * headDimension)
    let z = pass.work.mixed.rows(rows, width: heads * headDimension)
    if interleaved {
      pass.arithmetic.deinterleave(q, headDim: headDimension)
      pass.arithmetic.deinterleave(k, headDim: headDimension)
    }
    pass.hooks.visit(.query, layer: layer, q)
    pass.hooks.visit(.key, layer: layer, k)
    pass.hooks.visit(.value, layer: layer, v)

    apply(queryNorm, q, pass)
    apply(keyNorm, k, pass)
    rotate(q, heads: heads, pass)
    rotate(k, heads: keyValueHeads, pass)
    // A layer without rotation shows its queries and keys as scores take them all the same.
    pass.hooks.visit(.rotaryQuery, layer: layer, q)
    pass.hooks.visit(.rotaryKey, layer: layer, k)

    for part in pass.batch.parts {
      pass.arithmetic.store(
        keys: k[part.rows], values: v[part.rows], in: part.cache.pages(layer: layer),
        at: part.firstPosition)
    }
    attend(q, into: z, layer: layer, pass)
    pass.hooks.visit(.headOutput, layer: layer, z)
    showResults(of: z, layer: layer, pass)
    pass.plan(output, z, into: out)
    pass.run()
  }

  private func rotate(_ x: FloatRows, heads: Int, _ pass: Pass) {
    guard let rotary else { return }
    if turnsNeighbours { pass.arithmetic.deinterleave(x, headDim: headDimension) }
    pass.batch.rotaryPlaces.withUnsafeBufferPointer { positions in
      guard let positions = positions.baseAddress else { return }
      rotary.rotate(
        x, heads: heads, headDimension: headDimension, positions: positions, pass.arithmetic)
    }
    if turnsNeighbours { pass.arithmetic.interleave(x, headDim: headDimension) }
  }

  private func apply(_ norm: HeadNorm?, _ x: FloatRows, _ pass: Pass) {
    switch norm {
    case .perHead(let weight):
      pass.arithmetic.headNorm(
        x, headDim: headDimension, weight: weight.pointer, epsilon: normEpsilon, into: x)
    case .flat(let weight):
      pass.arithmetic.rmsNorm(x, weight: weight.pointer, epsilon: normEpsilon, into: x)
    case .layerOfEachHead(let weight):
      pass.arithmetic.headLayerNorm(
        x, headDim: headDimension, weight: weight.pointer, epsilon: normEpsilon, into: x)
    case nil: break
    }
  }

  private func attend(_ q: FloatRows, into z: FloatRows, layer: Int, _ pass: Pass) {
    for part in pass.batch.parts {
      if let tap = pass.hooks.tapWantingScores(layer: layer, rows: part.rows) {
        attendInView(of: tap, part, q[part.rows], into: z[part.rows], layer: layer, pass)
      } else {
        pass.work.attentionJobs.append(
          job(part, q[part.rows], into: z[part.rows], layer, firstPosition: part.firstPosition))
      }
    }
    pass.arithmetic.attend(pass.work.attentionJobs)
    pass.work.attentionJobs.removeAll(keepingCapacity: true)
  }

  private func job(
    _ part: ForwardBatch.Part, _ q: FloatRows, into z: FloatRows, _ layer: Int,
    firstPosition: Int, scores: UnsafeMutablePointer<Float>? = nil, keys: Int = 0,
    sinkShares: UnsafeMutablePointer<Float>? = nil
  ) -> AttentionJob {
    AttentionJob(
      queries: q, firstPosition: firstPosition, pages: part.cache.pages(layer: layer),
      heads: heads, scale: scale, window: window, sinks: sinks?.pointer, softcap: softcap,
      mixed: z, scores: scores, pattern: scores, keysStride: keys, sinkShares: sinkShares)
  }

  /// The patterns `[heads, rows, rows]` of a part's queries, as rotated, whose keys are stored.
  ///
  /// - Parameter sinkShares: `[rows, heads]`, or empty where the layer has no sinks.
  func pattern(
    _ part: ForwardBatch.Part, _ q: FloatRows, layer: Int, into pattern: FloatSlab,
    sinkShares: FloatSlab, _ arithmetic: Arithmetic
  ) {
    let job = job(
      part, q, into: q, layer, firstPosition: part.firstPosition, scores: pattern.base,
      keys: part.firstPosition + q.rows, sinkShares: sinks == nil ? nil : sinkShares.base)
    arithmetic.attentionScores(job)
    arithmetic.attentionSoftmax(job)
  }

  /// The same arithmetic in three stages, so that scores and pattern can be seen and changed between them.
  private func attendInView(
    of tap: RunTap, _ part: ForwardBatch.Part, _ q: FloatRows, into z: FloatRows, layer: Int,
    _ pass: Pass
  ) {
    let keys = part.firstPosition + part.rows.count
    let tile = max(1, min(part.rows.count, (4 << 20) / max(heads * keys, 1)))
    if pass.work.attention.count < heads * tile * keys {
      pass.work.attention = FloatSlab(count: heads * tile * keys)
    }
    if sinks != nil, pass.work.sinkShares.count < tile * heads {
      pass.work.sinkShares = FloatSlab(count: tile * heads)
    }
    let base = pass.work.attention.base
    for start in stride(from: 0, to: part.rows.count, by: tile) {
      let range = start..<min(start + tile, part.rows.count)
      let position = part.firstPosition + start
      let shares = pass.work.sinkShares.rows(sinks == nil ? 0 : range.count, width: heads)
      let job = job(
        part, q[range], into: z[range], layer, firstPosition: position, scores: base, keys: keys,
        sinkShares: sinks == nil ? nil : shares.base)
      pass.arithmetic.attentionScores(job)
      tap.seeScores(
        .attentionScores, layer: layer, base: base, heads: heads, rows: range.count,
        keyStride: keys, firstPosition: position)
      pass.arithmetic.attentionSoftmax(job)
      tap.seeScores(
        .attentionPattern, layer: layer, base: base, heads: heads, rows: range.count,
        keyStride: keys, firstPosition: position)
      tap.see(.attentionSink, layer: layer, rows: shares, firstPosition: position)
      pass.arithmetic.attentionMix(job)
    }
  }
}
