internal import CKernels

/// Attention of one segment's rows over its own pages.
///
/// Row `i` stands at position `firstPosition + i` and sees the keys up to its own, at most `window` of them.
/// - Axes: `queries`, `mixed` `[rows, heads * headDim]`; `scores`, `pattern` `[heads, rows, keysStride]`.
package struct AttentionJob: @unchecked Sendable {
  // Proof for @unchecked: a bundle of views that live for one call.
  var descriptor: ns_attention

  /// - Parameters:
  ///   - queries: rotated queries of the segment.
  ///   - pages: keys and values, this segment's own already stored.
  ///   - window: keys a row sees, its own included; 0 means all.
  ///   - sinks: `[heads]`, a logit that joins each head's soft maximum and whose column is then dropped.
  ///   - softcap: scores become `softcap * tanh(score / softcap)`; 0 means none.
  ///   - mixed: receives the heads' outputs before the output projection.
  ///   - scores: receives scaled scores, -infinity where a row does not see a key.
  ///   - pattern: receives probabilities, 0 where a row does not see a key.
  ///   - keysStride: floats from row to row of `scores` and `pattern`; at least the number of keys.
  ///   - sinkShares: receives `[rows, heads]`, what of each soft maximum the sink took; only with `sinks`.
  package init(
    queries: FloatRows, firstPosition: Int, pages: CachePages, heads: Int, scale: Float,
    window: Int = 0, sinks: UnsafePointer<Float>? = nil, softcap: Float = 0, mixed: FloatRows,
    scores: UnsafeMutablePointer<Float>? = nil, pattern: UnsafeMutablePointer<Float>? = nil,
    keysStride: Int = 0, sinkShares: UnsafeMutablePointer<Float>? = nil
  ) {
    precondition(queries.rows == mixed.rows && queries.width == heads * pages.headDim)
    precondition(mixed.width == queries.width && heads % pages.kvHeads == 0 && firstPosition >= 0)
    if scores != nil || pattern != nil { precondition(keysStride >= firstPosition + queries.rows) }
    descriptor = ns_attention(
      pages: pages.descriptor, q: queries.base, q_stride: Int64(queries.stride),
      rows: Int64(queries.rows), first_position: Int64(firstPosition), heads: Int64(heads),
      z: mixed.base, z_stride: Int64(mixed.stride), scale: scale, softcap: softcap,
      window: Int64(window), sinks: sinks, scores: scores, pattern: pattern,
      keys_stride: Int64(keysStride), sink_shares: sinkShares)
  }
}
