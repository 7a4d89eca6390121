internal import Hooks
internal import Tensors

/// One layer: attention and a feed-forward part, each added to the residual stream.
///
/// Families differ in where norms stand: before a part (most), after it (OLMo 2), or both (Gemma 3). In some both parts
/// read one norm (Cohere).
struct Block: Sendable {
  let attentionNorm: Norm?
  let attention: Attention
  var attentionPostNorm: Norm?
  let mlpNorm: Norm?
  let mlp: FeedForward
  var mlpPostNorm: Norm?
  /// What both parts are multiplied by before they are added to the stream (Granite).
  var updateScale: Float = 1
  /// Whether the feed-forward part reads what attention read, not the stream behind it.
  var isParallel = false

  /// Adds both parts to `stream [rows, d]`, in place.
  func forward(_ stream: FloatRows, layer: Int, _ pass: Pass) {
    let normed = pass.work.normed.rows(pass.rows, width: stream.width)
    let update = pass.work.update.rows(pass.rows, width: stream.width)
    let hooks = pass.hooks
    hooks.visit(.residualPre, layer: layer, stream)

    let attentionInput = apply(
      attentionNorm, stream, into: normed, .attentionNormalized, .attentionNorm, layer, pass)
    attention.forward(attentionInput, into: update, layer: layer, pass)
    hooks.visit(.attentionOutput, layer: layer, update)
    attentionPostNorm?.apply(update, into: update, pass.arithmetic)
    if updateScale != 1 { pass.arithmetic.scale(update, by: updateScale) }
    hooks.visit(.attentionAdded, layer: layer, update)
    pass.arithmetic.addInPlace(stream, update)
    // A point between the parts is a point of the model only where the second reads it.
    if !isParallel { hooks.visit(.residualMid, layer: layer, stream) }

    let mlpInput =
      isParallel
      ? attentionInput
      : apply(mlpNorm, stream, into: normed, .mlpNormalized, .mlpNorm, layer, pass)
    mlp.forward(mlpInput, into: update, layer: layer, pass)
    hooks.visit(.mlpOutput, layer: layer, update)
    mlpPostNorm?.apply(update, into: update, pass.arithmetic)
    if updateScale != 1 { pass.arithmetic.scale(update, by: updateScale) }
    hooks.visit(.mlpAdded, layer: layer, update)
    pass.arithmetic.addInPlace(stream, update)
    hooks.visit(.residualPost, layer: layer, stream)
  }

  /// The part's input: the normed stream, or the stream itself where no norm stands before the part.
  private func apply(
    _ norm: Norm?, _ stream: FloatRows, into normed: FloatRows, _ normalized: HookSite,
    _ output: HookSite, _ layer: Int, _ pass: Pass
  ) -> FloatRows {
    guard let norm else { return stream }
    if pass.hooks.wants(normalized, layer: layer) {
      norm.plain.apply(stream, into: normed, pass.arithmetic)
      pass.hooks.visit(normalized, layer: layer, normed)
    }
    norm.apply(stream, into: normed, pass.arithmetic)
    pass.hooks.visit(output, layer: layer, normed)
    return normed
  }
}
