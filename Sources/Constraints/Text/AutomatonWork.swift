/// What making the automata of one request may take, and those that were made.
final class AutomatonWork {
  private var left = 1 << 24
  private var known: [String: TextAutomaton] = [:]

  /// Counts work, in states times classes, or states that were gone through.
  ///
  /// - Throws: `ConstraintError` once there was too much of it.
  func spend(_ count: Int) throws(ConstraintError) {
    left -= count
    guard left > 0 else { throw TextAutomaton.tooLarge() }
  }

  /// The texts that fit an expression, made once.
  func automaton(_ text: String, isSearch: Bool) throws(ConstraintError) -> TextAutomaton {
    let key = (isSearch ? "?" : "=") + text
    if let automaton = known[key] { return automaton }
    let made = try TextAutomaton(try ExpressionParser.parse(text), isSearch: isSearch, self)
    known[key] = made
    return made
  }
}
