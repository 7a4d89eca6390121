extension TextAutomaton {
  /// The texts that fit an expression.
  ///
  /// - Parameters:
  ///   - isSearch: whether it need only fit somewhere in the text, as JSON Schema's `pattern` does.
  /// - Throws: `ConstraintError` where it needs too many states.
  init(
    _ expression: Expression, isSearch: Bool, _ work: AutomatonWork = AutomatonWork()
  ) throws(ConstraintError) {
    var machine = ExpressionMachine()
    let start = try machine.state()
    var end = try machine.state()
    if isSearch { machine.add(.scalars(.all, to: start), from: start) }
    try machine.add(expression, from: start, to: end)
    if isSearch {
      let rest = try machine.state()
      machine.add(.jump(to: rest), from: end)
      machine.add(.scalars(.all, to: rest), from: rest)
      end = rest
    }
    let edges = machine.edges
    let first = machine.close([start], isStart: true)
    let (machineOfAll, last) = (machine, end)
    try self.init(classes: edges, start: first, work) { states throws(ConstraintError) in
      try work.spend(states.count * edges.count)
      let next = edges.map { machineOfAll.step(states, $0) }
      return (machineOfAll.isEnd(states, last), next)
    }
  }
}

/// An expression as a machine that is in several states at once.
///
/// - Standard: Thompson, Regular Expression Search Algorithm, 1968.
struct ExpressionMachine {
  enum Move {
    case scalars(ScalarRanges, to: Int32)
    case jump(to: Int32)
    /// Passed only before the first scalar, and only behind the last.
    case textStart(to: Int32)
    case textEnd(to: Int32)
  }

  private(set) var moves: [[Move]] = []
  private static let stateLimit = 1 << 17

  mutating func state() throws(ConstraintError) -> Int32 {
    guard moves.count < Self.stateLimit else { throw TextAutomaton.tooLarge() }
    moves.append([])
    return Int32(moves.count - 1)
  }

  mutating func add(_ move: Move, from state: Int32) { moves[Int(state)].append(move) }

  mutating func add(
    _ expression: Expression, from: Int32, to: Int32
  ) throws(ConstraintError) {
    switch expression {
    case .scalars(let set): add(.scalars(set, to: to), from: from)
    case .textStart: add(.textStart(to: to), from: from)
    case .textEnd: add(.textEnd(to: to), from: from)
    case .choice(let parts): for part in parts { try add(part, from: from, to: to) }
    case .sequence(let parts):
      var place = from
      for part in parts {
        let next = try state()
        try add(part, from: place, to: next)
        place = next
      }
      add(.jump(to: to), from: place)
    case .repeated(let part, let least, let most):
      var place = from
      for _ in 0..<least {
        let next = try state()
        try add(part, from: place, to: next)
        place = next
      }
      guard let most else {
        let loop = try state()
        add(.jump(to: loop), from: place)
        try add(part, from: loop, to: loop)
        add(.jump(to: to), from: loop)
        return
      }
      add(.jump(to: to), from: place)
      for _ in 0..<max(most - least, 0) {
        let next = try state()
        try add(part, from: place, to: next)
        add(.jump(to: to), from: next)
        place = next
      }
    }
  }

  /// The first scalars of classes that no move tells apart.
  var edges: [UInt32] {
    var edges: Set<UInt32> = [0]
    for case .scalars(let set, _) in moves.joined() {
      for range in set.ranges {
        edges.insert(range.lowerBound)
        if range.upperBound < 0x10FFFF { edges.insert(range.upperBound + 1) }
      }
    }
    return edges.sorted()
  }

  /// All states that are reached without a scalar.
  func close(_ states: some Sequence<Int32>, isStart: Bool, isEnd: Bool = false) -> [Int32] {
    var seen = Set(states)
    var open = Array(seen)
    while let state = open.popLast() {
      for move in moves[Int(state)] {
        let target: Int32
        switch move {
        case .scalars: continue
        case .jump(let to): target = to
        case .textStart(let to):
          guard isStart else { continue }
          target = to
        case .textEnd(let to):
          guard isEnd else { continue }
          target = to
        }
        if seen.insert(target).inserted { open.append(target) }
      }
    }
    // Of states that take nothing only the last, and those before an end of the text, matter later.
    return seen.sorted()
  }

  func step(_ states: [Int32], _ value: UInt32) -> [Int32] {
    guard !ScalarRanges.surrogates.contains(value) else { return [] }
    var targets: Set<Int32> = []
    for state in states {
      for case .scalars(let set, let target) in moves[Int(state)] where set.contains(value) {
        targets.insert(target)
      }
    }
    return targets.isEmpty ? [] : close(targets, isStart: false)
  }

  /// Whether the text may end: what was passed before the first scalar is in the states already.
  func isEnd(_ states: [Int32], _ end: Int32) -> Bool {
    close(states, isStart: false, isEnd: true).contains(end)
  }
}
