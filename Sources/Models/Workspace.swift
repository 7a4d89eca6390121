internal import Hooks
internal import Tensors

/// Scratch memory of a model's forward passes: allocated once for the largest batch, reused by every pass.
///
/// - Isolation: belongs to the engine's loop.
package final class Workspace {
  /// The most rows a batch may have, and the most of its parts that may ask for scores.
  package let maxRows: Int
  package let maxScores: Int

  let stream: FloatSlab
  let normed: FloatSlab
  let update: FloatSlab
  let query: FloatSlab
  let key: FloatSlab
  let value: FloatSlab
  let mixed: FloatSlab
  let gate: FloatSlab
  let up: FloatSlab
  let mixture: MixtureWorkspace?
  let finalRows: FloatSlab
  let finalNormed: FloatSlab
  let scoreBlock: FloatSlab
  let scores: FloatSlab
  /// Attention scores of a tile, when somebody looks at them; grows to what was asked for.
  var attention = FloatSlab(count: 0)
  /// What the sinks took of the tile's soft maxima, `[rows, heads]`; grows likewise.
  var sinkShares = FloatSlab(count: 0)
  /// Products of adapters under way; kept for its memory.
  let updates = LowRankUpdates()
  /// Attention of the layer under way; kept for its memory.
  var attentionJobs: [AttentionJob] = []

  /// Rows of vocabulary scores computed at a time.
  static let scoreRows = 16

  package init(for model: LanguageModel, maxRows: Int, maxScores: Int) {
    let c = model.catalogue
    self.maxRows = maxRows
    self.maxScores = maxScores
    stream = FloatSlab(count: maxRows * c.hiddenSize)
    normed = FloatSlab(count: maxRows * c.hiddenSize)
    update = FloatSlab(count: maxRows * c.hiddenSize)
    query = FloatSlab(count: maxRows * c.heads * c.headDimension)
    key = FloatSlab(count: maxRows * c.keyValueHeads * c.headDimension)
    value = FloatSlab(count: maxRows * c.keyValueHeads * c.headDimension)
    mixed = FloatSlab(count: maxRows * c.heads * c.headDimension)
    let widths = model.widths
    gate = FloatSlab(count: maxRows * widths.dense)
    up = FloatSlab(count: maxRows * widths.dense)
    mixture =
      widths.expert > 0
      ? MixtureWorkspace(
        catalogue: c, neurons: widths.expert, sharedNeurons: model.sharedNeurons, maxRows: maxRows)
      : nil
    finalRows = FloatSlab(count: Self.scoreRows * c.hiddenSize)
    finalNormed = FloatSlab(count: Self.scoreRows * c.hiddenSize)
    scoreBlock = FloatSlab(count: Self.scoreRows * c.vocabularySize)
    scores = FloatSlab(count: maxScores * c.vocabularySize)
  }
}
