/// What a tokenizer's files may ask for.
///
/// Published pipelines have a handful of steps, and the longest of them makes a text some thirty times longer.
extension Tokenizer.Parts {
  private static let stepLimit = 64
  private static let growthLimit: Double = 256
  private static let prependedLimit = 1024
  private static let addedTextLimit = 4096

  func checkBounds() throws(TokenizerError) {
    func fault(_ field: String, _ expected: String, _ found: String) -> TokenizerError {
      TokenizerError(file: "tokenizer", field: field, expected: expected, found: found)
    }
    if let normalizer {
      let size = normalizer.size
      guard size.steps <= Self.stepLimit else {
        throw fault("normalizer", "at most \(Self.stepLimit) steps", "\(size.steps)")
      }
      guard normalizer.growth <= Self.growthLimit, size.prepended <= Self.prependedLimit else {
        throw fault(
          "normalizer", "at most \(Int(Self.growthLimit)) bytes for one",
          "steps that make up to \(normalizer.growth)")
      }
    }
    if let preTokenizer, preTokenizer.steps > Self.stepLimit {
      throw fault("pre_tokenizer", "at most \(Self.stepLimit) steps", "\(preTokenizer.steps)")
    }
    guard decoder.steps.count <= Self.stepLimit, decoder.growth <= Self.growthLimit else {
      throw fault(
        "decoder",
        "at most \(Self.stepLimit) steps, and \(Int(Self.growthLimit)) bytes for one",
        "\(decoder.steps.count) steps that make up to \(decoder.growth)")
    }
    for token in added where token.text.utf8.count > Self.addedTextLimit {
      throw fault(
        "added_tokens", "texts of at most \(Self.addedTextLimit) bytes",
        "\(token.text.utf8.count) for token \(token.token)")
    }
  }
}

extension PreTokenizer {
  /// How many steps this takes, one after the other.
  fileprivate var steps: Int {
    if case .sequence(let steps) = self { steps.reduce(0) { $0 + $1.steps } } else { 1 }
  }
}

extension PieceDecoder {
  /// How many times longer than a spelling the text of a token may be.
  fileprivate var growth: Double {
    steps.reduce(1) { growth, step in
      guard case .replace(let old, let new) = step else { return growth }
      return growth * max(1, Double(new.utf8.count) / Double(max(old.utf8.count, 1)))
    }
  }
}
