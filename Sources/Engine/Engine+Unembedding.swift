internal import Models
internal import Tensors
package import Tokenizers

extension Engine {
  /// The tokens that rows of the residual stream would be read as: last norm, head, softmax, the `top` best.
  ///
  /// - Parameter rows: `[n, d_model]`, row-major.
  /// - Returns: for each row the best tokens with their log probabilities, best first.
  package func unembed(_ model: LoadedModel, rows: [Float], top: Int) -> [[TokenScore]] {
    let width = model.info.hiddenSize
    let count = rows.count / width
    let vocabulary = model.info.vocabularySize
    let stream = FloatSlab(count: width)
    let normed = FloatSlab(count: width)
    let scores = FloatSlab(count: vocabulary)
    // Views don't keep their slabs alive.
    return withExtendedLifetime((stream, normed, scores)) {
      (0..<count).map { row in
        for column in 0..<width { stream.base[column] = rows[row * width + column] }
        model.model.unembed(
          stream.rows(1, width: width), normed: normed.rows(1, width: width),
          into: scores.rows(1, width: vocabulary), arithmetic)
        return Sampler.best(
          top, of: UnsafeBufferPointer(start: scores.base, count: vocabulary), arithmetic)
      }
    }
  }

  /// How much each row of the residual stream adds to one token's score over another's, at a given last norm.
  ///
  /// Exact where the last norm is a root mean square: the scores are linear in the stream once its scale is fixed.
  /// - Parameters:
  ///   - parts: `[n, d_model]`: what components added to the stream at one position.
  ///   - stream: `[d_model]`: the whole stream there, whose norm sets the scale.
  package func attribute(
    _ model: LoadedModel, parts: [Float], stream: [Float], answer: Token, against other: Token
  ) -> [Float] {
    let width = model.info.hiddenSize
    let answerRow = FloatSlab(count: width)
    let otherRow = FloatSlab(count: width)
    let scale = stream.withUnsafeBufferPointer { model.model.finalScale(of: $0) }
    // Views don't keep their slabs alive.
    return withExtendedLifetime((answerRow, otherRow)) {
      model.model.direction(of: answer, into: answerRow.rows(1, width: width), arithmetic)
      model.model.direction(of: other, into: otherRow.rows(1, width: width), arithmetic)
      return (0..<parts.count / width).map { row in
        var sum = 0.0
        for column in 0..<width {
          sum +=
            Double(parts[row * width + column])
            * Double(answerRow.base[column] - otherRow.base[column])
        }
        return Float(sum / Double(scale))
      }
    }
  }
}
