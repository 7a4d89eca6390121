package import Hooks
package import Tensors

/// The rows of one forward pass, of several sessions at once.
///
/// Sessions that decode come first (one row, or the few of a short prompt's end), prompt chunks after them; a
/// decode row's bits do not depend on what else is in the batch.
///
/// - Isolation: belongs to the engine's loop; reused from pass to pass.
package final class ForwardBatch {
  /// Which rows of a part need scores of the vocabulary.
  package enum Scores: Sendable { case none, last }

  /// Looks at the scores of the vocabulary of a row, `[vocabulary]`, where they stand: as many rows of a part as it
  /// asks for, in the order of their positions.
  ///
  /// - Isolation: called within the pass, on the loop that runs it.
  package protocol RowReader: AnyObject {
    /// Whether the scores at a position are wanted.
    func wants(position: Int) -> Bool
    func read(_ scores: UnsafeBufferPointer<Float>, position: Int, _ arithmetic: Arithmetic)
  }

  /// One session's rows.
  package struct Part {
    package let cache: KeyValueCache
    package let rows: Range<Int>
    /// The position of the first row: the cache's length before the pass.
    package let firstPosition: Int
    package let scores: Scores
    /// Generated rows (or a whole prompt of very few), computed by kernels that read weights for few rows.
    package let isDecode: Bool
    /// Who looks at the scores of its rows, besides its owner at the last one's.
    let reader: (any RowReader)?
  }

  package private(set) var parts: [Part] = []
  package private(set) var tokens: [Int32] = []
  package private(set) var positions: [Int32] = []
  /// Where each row's angles lie in the rotary tables.
  private(set) var rotaryPlaces: [Int32] = []
  /// Rows of decoding parts; they precede all others.
  package private(set) var decodeRows = 0
  package let hooks: BatchHooks

  package init(layers: Int) {
    hooks = BatchHooks(layers: layers)
  }

  package func removeAll() {
    parts.removeAll(keepingCapacity: true)
    tokens.removeAll(keepingCapacity: true)
    positions.removeAll(keepingCapacity: true)
    rotaryPlaces.removeAll(keepingCapacity: true)
    hooks.removeAll()
    decodeRows = 0
  }

  /// A prompt of at most this many tokens is computed like decoding: below it, decoding weights into panels first does
  /// not pay.
  package static let decodeLimit = 11

  /// Adds the next tokens of a session.
  ///
  /// Parts that decode must be added before those that do not.
  ///
  /// - Parameter isDecode: must depend on the session alone (a long prompt's last short chunk is still prompt), so
  ///   that the same request has the same bits however it is cut and whoever else is there.
  package func add(
    _ cache: KeyValueCache, tokens next: ArraySlice<Int32>, isDecode: Bool, scores: Scores,
    tap: RunTap?, reader: (any RowReader)? = nil
  ) {
    precondition(!isDecode || decodeRows == tokens.count, "decoding parts come first")
    let start = tokens.count
    let first = cache.length
    tokens.append(contentsOf: next)
    for offset in 0..<next.count {
      positions.append(Int32(first + offset))
      rotaryPlaces.append(Int32(first + offset + cache.rotaryShift))
    }
    let rows = start..<tokens.count
    parts.append(
      Part(
        cache: cache, rows: rows, firstPosition: first, scores: scores, isDecode: isDecode,
        reader: reader))
    if isDecode { decodeRows = tokens.count }
    if let tap { hooks.add(tap, rows: rows, firstPosition: first) }
    cache.reserve(next.count)
  }

  package var rowCount: Int { tokens.count }
}
