package import Tokenizers

/// A generation as it was between two passes, from which others go on.
///
/// It shares the cache's pages with the generation until one of them writes.
package final class Branch: @unchecked Sendable {
  // Proof for @unchecked: the session never changes, only methods of the engine read it, on its loop, and letting go of
  // it elsewhere frees pages that are counted atomically.
  let session: Session

  /// The last finished pass, -1 before the prompt's.
  package let step: Int
  /// The text of each token generated so far.
  package let pieces: [String]

  /// The prompt and those tokens.
  package var tokens: [Token] { session.tokens }

  init(_ session: Session, pieces: [String]) {
    self.session = session
    step = session.step - 1
    self.pieces = pieces
  }
}
