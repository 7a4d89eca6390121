/// A grammar of which every state leads to an end, so that whatever is begun can be finished.
struct TrimmedGrammar: Sendable {
  let moves: [[Grammar.Move]]
  let rules: [Grammar.Rule]
  let root: Int32
  /// How deep rules must nest at least on the way from a state to its rule's end.
  let heights: [Int32]
  /// Whether a state is its rule's end.
  let isEnd: [Bool]

  /// Nesting of rules at most, of all that is written; a writer of brackets without end comes to one.
  static let depthLimit: Int32 = 96
  static let endless = Int32.max

  /// - Parameters:
  ///   - bytes: bytes that the vocabulary can write one by one; other ways are given up.
  /// - Throws: `ConstraintError` where nothing can be written, or where a rule begins with itself.
  init(_ grammar: Grammar, bytes: Set<UInt8>) throws(ConstraintError) {
    let spellable = grammar.moves.map { Self.spellable($0, bytes) }
    rules = grammar.rules
    var ends = [Bool](repeating: false, count: spellable.count)
    for rule in rules { ends[Int(rule.end)] = true }
    isEnd = ends
    root = grammar.root
    heights = Self.heights(spellable, rules, withSymbols: true)
    guard
      let height = rules.indices.contains(Int(root)) ? heights[Int(rules[Int(root)].start)] : nil,
      height < Self.endless
    else {
      throw ConstraintError(
        found: "a contradiction",
        reason: "nothing fits it that this model's vocabulary can write")
    }
    guard height <= Self.depthLimit else {
      throw ConstraintError(
        found: "values within values, \(height) deep at least",
        reason: "at most \(Self.depthLimit) can be followed")
    }
    let heights = heights
    let rules = rules
    moves = spellable.map { list in
      list.filter { move in
        switch move {
        case .symbols(_, _, let target), .jump(let target): heights[Int(target)] < Self.endless
        case .call(let rule, let target):
          heights[Int(target)] < Self.endless
            && heights[Int(rules[Int(rule)].start)] < Self.endless
        }
      }
    }
    try Self.checkProgress(moves, rules)
  }

  private static func spellable(_ moves: [Grammar.Move], _ bytes: Set<UInt8>) -> [Grammar.Move] {
    guard bytes.count < 256 else { return moves }
    return moves.flatMap { move -> [Grammar.Move] in
      guard case .symbols(let low, let high, let target) = move, low < Grammar.firstControl else {
        return [move]
      }
      return (low...high).filter { bytes.contains(UInt8(truncatingIfNeeded: $0)) }
        .map { .symbols($0, $0, to: target) }
    }
  }

  /// The least nesting from each state to its rule's end; without symbols, whether that takes nothing.
  ///
  /// States settle in the order of their heights, as in Dijkstra's search.
  private static func heights(
    _ moves: [[Grammar.Move]], _ rules: [Grammar.Rule], withSymbols: Bool
  ) -> [Int32] {
    var heights = [Int32](repeating: endless, count: moves.count)
    var before: [[Int32]] = Array(repeating: [], count: moves.count)
    var callers: [[Int32]] = Array(repeating: [], count: moves.count)
    for (state, list) in moves.enumerated() {
      for move in list {
        switch move {
        case .symbols(_, _, let target):
          if withSymbols { before[Int(target)].append(Int32(state)) }
        case .jump(let target): before[Int(target)].append(Int32(state))
        case .call(let rule, let target):
          before[Int(target)].append(Int32(state))
          callers[Int(rules[Int(rule)].start)].append(Int32(state))
        }
      }
    }
    var levels: [[Int32]] = [rules.map(\.end)]
    var level = 0
    while level < levels.count {
      var open = levels[level]
      while let state = open.popLast() {
        guard heights[Int(state)] == endless else { continue }
        heights[Int(state)] = Int32(level)
        for other in before[Int(state)] + callers[Int(state)]
        where heights[Int(other)] == endless {
          let reached = least(moves[Int(other)], heights, rules, withSymbols)
          guard reached < endless else { continue }
          if Int(reached) <= level {
            open.append(other)
          } else {
            while levels.count <= Int(reached) { levels.append([]) }
            levels[Int(reached)].append(other)
          }
        }
      }
      level += 1
    }
    return heights
  }

  private static func least(
    _ moves: [Grammar.Move], _ heights: [Int32], _ rules: [Grammar.Rule], _ withSymbols: Bool
  ) -> Int32 {
    moves.reduce(endless) { least, move in
      switch move {
      case .symbols(_, _, let target): withSymbols ? min(least, heights[Int(target)]) : least
      case .jump(let target): min(least, heights[Int(target)])
      case .call(let rule, let target):
        min(
          least,
          max(heights[Int(target)], 1 + min(heights[Int(rules[Int(rule)].start)], endless - 1)))
      }
    }
  }

  /// Refuses a rule that calls itself before anything is taken: it would be followed without end.
  private static func checkProgress(
    _ moves: [[Grammar.Move]], _ rules: [Grammar.Rule]
  ) throws(ConstraintError) {
    let empty = heights(moves, rules, withSymbols: false)
    var left: [[Int32]] = []
    for rule in rules {
      var seen: Set<Int32> = [rule.start]
      var open = [rule.start]
      var called: Set<Int32> = []
      while let state = open.popLast() {
        for move in moves[Int(state)] {
          switch move {
          case .symbols: continue
          case .jump(let target): if seen.insert(target).inserted { open.append(target) }
          case .call(let other, let target):
            called.insert(other)
            if empty[Int(rules[Int(other)].start)] < endless, seen.insert(target).inserted {
              open.append(target)
            }
          }
        }
      }
      left.append(Array(called))
    }
    // Rules that all begin with rules already passed are taken off; what is left lies on a circle, or before one.
    var waiting = left.map(\.count)
    var callers: [[Int32]] = Array(repeating: [], count: rules.count)
    for (rule, called) in left.enumerated() {
      for other in called { callers[Int(other)].append(Int32(rule)) }
    }
    var open = waiting.indices.filter { waiting[$0] == 0 }
    var passed = 0
    while let rule = open.popLast() {
      passed += 1
      for caller in callers[rule] {
        waiting[Int(caller)] -= 1
        if waiting[Int(caller)] == 0 { open.append(Int(caller)) }
      }
    }
    guard passed == rules.count else {
      throw ConstraintError(
        found: "a rule that begins with itself", reason: "it could be followed without end")
    }
  }
}
