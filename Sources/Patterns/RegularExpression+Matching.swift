/// The matching machine: backtracking with its own stack, so that no text overflows the thread's.
extension RegularExpression {
  /// A place to go on at when what was tried first has failed.
  private struct Alternative {
    var step: Int
    var position: Int
    /// Further positions to try after this one, each one nearer to `last`.
    var last: Int
  }

  /// The matches of a text, leftmost first and apart; empty ones are left out.
  ///
  /// - Throws: `PatternOverrun` where the pattern needs more steps than the budget has.
  package func matches(
    in text: ScalarText, _ budget: inout PatternBudget
  ) throws(PatternOverrun) -> [Range<Int>] {
    var found: [Range<Int>] = []
    var tried: Set<Int> = []
    var start = 0
    while start < text.count {
      let end = try end(from: start, step: 0, in: text, &tried, &budget)
      if let end {
        // What lies on the way of a match has not failed.
        tried.removeAll(keepingCapacity: true)
        if end > start { found.append(start..<end) }
      }
      start = max(end ?? 0, start + 1)
    }
    return found
  }

  /// The end of the match that begins at a position, running from a step to its `accept`.
  ///
  /// A step that failed at a position fails there for good, wherever the match began, since nothing is
  /// remembered but the two. So `tried` keeps such pairs from one attempt to the next, and no pattern takes
  /// exponential time.
  private func end(
    from start: Int, step first: Int, in text: ScalarText, _ tried: inout Set<Int>,
    _ budget: inout PatternBudget
  ) throws(PatternOverrun) -> Int? {
    var alternatives: [Alternative] = []
    var step = first
    var position = start
    while true {
      try budget.take(1, pattern)
      if let next = try advance(step, position, text, &alternatives, &budget) {
        if case .accept = program[step] { return position }
        (step, position) = next
        continue
      }
      // Backtrack to the newest alternative that was not tried yet.
      var resumed = false
      while let alternative = alternatives.popLast() {
        try budget.take(1, pattern)
        if alternative.position != alternative.last {
          var rest = alternative
          rest.position += rest.last > rest.position ? 1 : -1
          alternatives.append(rest)
        }
        let pair = alternative.position * program.count + alternative.step
        guard tried.insert(pair).inserted else { continue }
        (step, position) = (alternative.step, alternative.position)
        resumed = true
        break
      }
      if !resumed { return nil }
    }
  }

  /// Does one step; nil if it fails.
  private func advance(
    _ step: Int, _ position: Int, _ text: ScalarText, _ alternatives: inout [Alternative],
    _ budget: inout PatternBudget
  ) throws(PatternOverrun) -> (Int, Int)? {
    switch program[step] {
    case .accept: return (step, position)
    case .jump(let target): return (target, position)
    case .fork(let preferred, let other):
      alternatives.append(Alternative(step: other, position: position, last: position))
      return (preferred, position)
    case .take(let set):
      guard has(position, set, text) else { return nil }
      return (step + 1, position + 1)
    case .run(let set, let least, let most, let lazy):
      let found = run(step, position, text, set, (least, most, lazy), &alternatives)
      try budget.take(found.length / 4, pattern)
      return found.next
    case .look(let next, let negated, let back):
      let from = position - back
      var tried: Set<Int> = []
      var found = false
      if from >= 0 { found = try end(from: from, step: step + 1, in: text, &tried, &budget) != nil }
      return found != negated ? (next, position) : nil
    case .atomic(let next):
      var tried: Set<Int> = []
      return try end(from: position, step: step + 1, in: text, &tried, &budget).map { (next, $0) }
    case .textStart: return position == 0 ? (step + 1, position) : nil
    case .textEnd: return position == text.count ? (step + 1, position) : nil
    }
  }

  private func has(_ position: Int, _ set: ScalarSet, _ text: ScalarText) -> Bool {
    position < text.count && set.contains(text.scalars[position], text.classes[position])
  }

  private func run(
    _ step: Int, _ position: Int, _ text: ScalarText, _ set: ScalarSet,
    _ bounds: (least: Int, most: Int, lazy: Bool), _ alternatives: inout [Alternative]
  ) -> (next: (Int, Int)?, length: Int) {
    var end = position
    while end - position < bounds.most, has(end, set, text) { end += 1 }
    let shortest = position + bounds.least
    guard end >= shortest else { return (nil, end - position) }
    if end > shortest {
      alternatives.append(
        bounds.lazy
          ? Alternative(step: step + 1, position: shortest + 1, last: end)
          : Alternative(step: step + 1, position: end - 1, last: shortest))
    }
    return ((step + 1, bounds.lazy ? shortest : end), end - position)
  }
}
