internal import Models
package import Tensors

extension LentModel {
  /// Whether readers take the mean of the stream off: ``Models/LanguageModel/takesMeanOff``.
  package var takesMeanOff: Bool { network.takesMeanOff }

  /// A layer's heads as weights alone: ``Models/LanguageModel/headFactors(layer:isFolded:_:)``.
  package func headFactors(layer: Int, isFolded: Bool) -> HeadFactors {
    network.headFactors(layer: layer, isFolded: isFolded, arithmetic)
  }

  /// The embeddings of some tokens, `[tokens, d_model]`.
  package func embeddings(of tokens: Range<Int32>, isFolded: Bool) -> [Float] {
    network.embeddings(of: tokens, isFolded: isFolded, arithmetic)
  }

  /// The head's rows of some tokens, `[tokens, d_model]`.
  package func unembeddings(of tokens: Range<Int32>, isFolded: Bool) -> [Float] {
    network.unembeddings(of: tokens, isFolded: isFolded, arithmetic)
  }
}
