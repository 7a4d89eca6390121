/// What may be written, as rules that call each other: a recursive transition network over symbols.
///
/// Symbols below 256 are the bytes of text; those above stand for control tokens, which no text can spell. A rule has
/// one beginning and one end, and every state lies in one rule.
///
/// - Standard: Woods, Transition Network Grammars, 1970.
package struct Grammar: Sendable {
  /// A way from one state to another.
  enum Move: Sendable, Equatable {
    /// Takes one symbol of a range.
    case symbols(UInt16, UInt16, to: Int32)
    /// Goes through another rule from its beginning to its end.
    case call(Int32, to: Int32)
    /// Takes nothing.
    case jump(to: Int32)
  }

  struct Rule: Sendable, Equatable {
    var start: Int32
    var end: Int32
  }

  /// The symbol of the first control token.
  package static let firstControl: UInt16 = 256

  private(set) var moves: [[Move]] = []
  private(set) var rules: [Rule] = []
  /// The rule of all that may be written; set once it is known.
  var root: Int32 = 0

  /// More states are refused, so that no request takes memory without bound.
  static let stateLimit = 1 << 18

  init() {}

  mutating func state() throws(ConstraintError) -> Int32 {
    guard moves.count < Self.stateLimit else {
      throw ConstraintError(
        found: "more than \(Self.stateLimit) states",
        reason: "it is too large; make lists shorter or counts smaller")
    }
    moves.append([])
    return Int32(moves.count - 1)
  }

  mutating func rule() throws(ConstraintError) -> Int32 {
    let start = try state()
    let end = try state()
    rules.append(Rule(start: start, end: end))
    return Int32(rules.count - 1)
  }

  func start(of rule: Int32) -> Int32 { rules[Int(rule)].start }
  func end(of rule: Int32) -> Int32 { rules[Int(rule)].end }

  // MARK: Moves

  mutating func add(_ move: Move, from state: Int32) { moves[Int(state)].append(move) }
  mutating func jump(_ from: Int32, _ to: Int32) { add(.jump(to: to), from: from) }
  mutating func call(_ rule: Int32, _ from: Int32, _ to: Int32) {
    add(.call(rule, to: to), from: from)
  }
  mutating func take(_ low: UInt8, _ high: UInt8, _ from: Int32, _ to: Int32) {
    add(.symbols(UInt16(low), UInt16(high), to: to), from: from)
  }

  /// Takes bytes one after the other.
  ///
  /// - Returns: the state behind them.
  mutating func spell(
    _ bytes: some Collection<UInt8>, from state: Int32
  ) throws(ConstraintError) -> Int32 {
    var state = state
    for byte in bytes {
      let next = try self.state()
      take(byte, byte, state, next)
      state = next
    }
    return state
  }

  mutating func spell(_ text: String, from state: Int32) throws(ConstraintError) -> Int32 {
    try spell(Array(text.utf8), from: state)
  }

  mutating func spell(_ text: String, from state: Int32, to end: Int32) throws(ConstraintError) {
    jump(try spell(text, from: state), end)
  }

  /// Takes a control token.
  mutating func control(_ symbol: UInt16, from state: Int32) throws(ConstraintError) -> Int32 {
    let next = try self.state()
    add(.symbols(symbol, symbol, to: next), from: state)
    return next
  }

  /// Goes through a rule.
  mutating func call(_ rule: Int32, from state: Int32) throws(ConstraintError) -> Int32 {
    let next = try self.state()
    call(rule, state, next)
    return next
  }

  /// Texts of which one is written, as a tree of their bytes.
  mutating func choose(
    _ texts: some Collection<[UInt8]>, _ from: Int32, _ to: Int32
  ) throws(ConstraintError) {
    var children: [Int32: [UInt8: Int32]] = [:]
    for text in texts {
      var state = from
      for byte in text {
        if let next = children[state]?[byte] {
          state = next
        } else {
          let next = try self.state()
          take(byte, byte, state, next)
          children[state, default: [:]][byte] = next
          state = next
        }
      }
      if !moves[Int(state)].contains(.jump(to: to)) { jump(state, to) }
    }
  }

  /// Goes through a rule some number of times.
  ///
  /// - Parameter most: nil for no bound.
  mutating func repeated(
    _ rule: Int32, _ least: Int, _ most: Int?, from: Int32
  ) throws(ConstraintError) -> Int32 {
    var state = from
    for _ in 0..<least { state = try call(rule, from: state) }
    let end = try self.state()
    guard let most else {
      let loop = try self.state()
      jump(state, loop)
      call(rule, loop, loop)
      jump(loop, end)
      return end
    }
    jump(state, end)
    for _ in 0..<max(most - least, 0) {
      state = try call(rule, from: state)
      jump(state, end)
    }
    return end
  }

  /// A grammar of one rule.
  static func text(
    _ write: (inout Grammar, Int32, Int32) throws(ConstraintError) -> Void
  ) throws(ConstraintError) -> Grammar {
    var grammar = Grammar()
    let rule = try grammar.rule()
    grammar.root = rule
    try write(&grammar, grammar.start(of: rule), grammar.end(of: rule))
    return grammar
  }
}
