internal import Constraints
internal import Tokenizers

extension Session {
  /// The tokens that may come next, those that end the answer where it may end; nil where all may.
  func nextMask() -> TokenMask? {
    guard let constraint = request.constraint, var cursor else { return nil }
    var mask = constraint.mask(&cursor)
    self.cursor = cursor
    if constraint.end(cursor).may { mask.formUnion(request.stopTokens) }
    return mask
  }

  /// Takes a chosen token into the constraint.
  func follow(_ token: Token, isFirst: Bool) {
    guard let constraint = request.constraint, var cursor else { return }
    let tokenizer = request.model.tokenizer
    let bytes = isFirst ? tokenizer.firstBytes(of: token) : tokenizer.bytes(of: token)
    if constraint.advance(&cursor, token, bytes: bytes) { self.cursor = cursor }
  }

  /// Whether the answer is whole, and nothing can be added to it.
  var isWhole: Bool {
    guard let constraint = request.constraint, let cursor else { return false }
    return constraint.end(cursor).must
  }

  /// Brings the constraint to where the tokens are.
  func restoreConstraint() {
    cursor = request.constraint?.start()
    for (index, token) in tokens[promptCount...].enumerated() { follow(token, isFirst: index == 0) }
  }
}
