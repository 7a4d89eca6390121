/// A regular expression of the kind that tokenizer files hold, over Unicode scalars.
///
/// Literals, classes, `\p{…}` of general categories, groups, alternation, greedy, lazy and possessive
/// repetition, look-ahead, look-behind of one width, word boundaries, atomic groups and `(?i:…)`. Anything else
/// (back references, scripts, …) is refused by name. Leftmost match, first alternative that
/// fits, as in Oniguruma, which the original tokenizers use.
package struct RegularExpression: Sendable, Equatable {
  /// Why a pattern cannot be used: the first part that is not understood, and where it stands.
  package struct Refusal: Error, Equatable {
    package var offset: Int
    package var part: String
  }

  package let pattern: String
  let program: [Instruction]

  package init(_ pattern: String) throws(Refusal) {
    var parser = RegexParser(pattern)
    let tree = try parser.parse()
    var compiler = RegexCompiler()
    try compiler.compile(tree)
    self.pattern = pattern
    self.program = compiler.program + [.accept]
  }

  /// One step of the matching machine.
  enum Instruction: Sendable, Equatable {
    /// Takes one scalar of the set.
    case take(ScalarSet)
    /// Takes a run of scalars of the set; shorter runs are tried later.
    case run(ScalarSet, least: Int, most: Int, lazy: Bool)
    /// Goes on at the first place, and later at the second.
    case fork(Int, Int)
    case jump(Int)
    /// Tries the steps after this one up to `accept`; goes on at `next` where it stood (look) or where
    /// they ended (atomic).
    case look(next: Int, negated: Bool, back: Int)
    case atomic(next: Int)
    case textStart
    case textEnd
    case accept
  }

  package static func == (one: Self, other: Self) -> Bool { one.pattern == other.pattern }
}
