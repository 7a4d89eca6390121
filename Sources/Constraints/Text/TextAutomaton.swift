/// A set of texts as a finite automaton over scalars: deterministic, and complete, so that it can be complemented.
struct TextAutomaton: Sendable {
  /// The first scalar of each class, ascending from 0; scalars of one class are not told apart.
  let classes: [UInt32]
  /// The state behind each class, state by state.
  private(set) var table: [Int32]
  private(set) var isEnd: [Bool]

  /// More are refused: some short expressions need states without end.
  static let stateLimit = 1 << 14

  var count: Int { isEnd.count }

  static func tooLarge() -> ConstraintError {
    ConstraintError(
      found: "more than \(stateLimit) states",
      reason: "it is too large; make counts smaller or the pattern simpler")
  }

  /// - Parameter build: gets the next state and returns whether it is an end, and the states behind its classes.
  init<State: Hashable>(
    classes: [UInt32], start: State, _ work: AutomatonWork,
    _ build: (State) throws(ConstraintError) -> (isEnd: Bool, next: [State])
  ) throws(ConstraintError) {
    self.classes = classes
    table = []
    isEnd = []
    var numbers = [start: Int32(0)]
    var states = [start]
    var done = 0
    while done < states.count {
      try work.spend(classes.count)
      let (end, next) = try build(states[done])
      done += 1
      isEnd.append(end)
      for state in next {
        if let number = numbers[state] {
          table.append(number)
        } else {
          guard states.count < Self.stateLimit else { throw Self.tooLarge() }
          let number = Int32(states.count)
          numbers[state] = number
          states.append(state)
          table.append(number)
        }
      }
    }
  }

  /// Texts of some length, in code points.
  init(lengths least: Int, _ most: Int?, _ work: AutomatonWork) throws(ConstraintError) {
    try self.init(classes: [0], start: 0, work) { length throws(ConstraintError) in
      let end = length >= least && length <= most ?? .max
      return (end, [min(length + 1, max(least, (most ?? 0) + 1))])
    }
  }

  /// Some texts, each as it is.
  init(texts: [String], _ work: AutomatonWork) throws(ConstraintError) {
    let all = texts.map { $0.unicodeScalars.map(\.value) }
    var edges: Set<UInt32> = [0]
    for value in all.joined() {
      edges.insert(value)
      edges.insert(value + 1)
    }
    let classes = edges.sorted()
    // A state is what is left of the texts.
    try self.init(classes: classes, start: all.map { $0[...] }, work) {
      rests throws(ConstraintError) in
      try work.spend(rests.count)
      var byFirst: [UInt32: [ArraySlice<UInt32>]] = [:]
      for rest in rests {
        if let first = rest.first { byFirst[first, default: []].append(rest.dropFirst()) }
      }
      return (rests.contains { $0.isEmpty }, classes.map { byFirst[$0] ?? [] })
    }
  }

  /// All texts.
  static let everything = TextAutomaton()

  private init() {
    classes = [0]
    table = [0]
    isEnd = [true]
  }

  // MARK: Sets

  var complement: TextAutomaton {
    var other = self
    other.isEnd = isEnd.map { !$0 }
    return other
  }

  /// The texts that are in both.
  func intersection(
    _ other: TextAutomaton, _ work: AutomatonWork
  ) throws(ConstraintError) -> TextAutomaton {
    let edges = Set(classes).union(other.classes).sorted()
    let columns = edges.map {
      (Self.column(of: $0, in: classes), Self.column(of: $0, in: other.classes))
    }
    let (own, foreign) = (self, other)
    return try TextAutomaton(classes: edges, start: [Int32(0), 0], work) {
      pair throws(ConstraintError) in
      let (left, right) = (Int(pair[0]), Int(pair[1]))
      let next = columns.map { column in
        [
          own.table[left * own.classes.count + column.0],
          foreign.table[right * foreign.classes.count + column.1],
        ]
      }
      return (own.isEnd[left] && foreign.isEnd[right], next)
    }
  }

  private static func column(of value: UInt32, in classes: [UInt32]) -> Int {
    var low = 0
    var high = classes.count
    while high - low > 1 {
      let middle = (low + high) / 2
      if classes[middle] <= value { low = middle } else { high = middle }
    }
    return low
  }

  func admits(_ text: String) -> Bool {
    var state = 0
    for scalar in text.unicodeScalars {
      state = Int(table[state * classes.count + Self.column(of: scalar.value, in: classes)])
    }
    return isEnd[state]
  }

  // MARK: Ways

  /// Which states lead to an end.
  var isAlive: [Bool] {
    var before: [[Int32]] = Array(repeating: [], count: count)
    for (place, target) in table.enumerated() {
      before[Int(target)].append(Int32(place / classes.count))
    }
    var alive = [Bool](repeating: false, count: count)
    var open = isEnd.indices.filter { isEnd[$0] }
    for state in open { alive[state] = true }
    while let state = open.popLast() {
      for other in before[state] where !alive[Int(other)] {
        alive[Int(other)] = true
        open.append(Int(other))
      }
    }
    return alive
  }

  /// The ways out of a state: each target with the scalars that lead there.
  func ways(from state: Int, _ isAlive: [Bool]) -> [(target: Int, scalars: ScalarRanges)] {
    var ranges: [Int32: [ClosedRange<UInt32>]] = [:]
    var order: [Int32] = []
    for (place, first) in classes.enumerated() {
      let target = table[state * classes.count + place]
      guard isAlive[Int(target)] else { continue }
      let last = place + 1 < classes.count ? classes[place + 1] - 1 : 0x10FFFF
      guard first <= last else { continue }
      if ranges[target] == nil { order.append(target) }
      ranges[target, default: []].append(first...last)
    }
    return order.map { (Int($0), ScalarRanges(ranges[$0] ?? [])) }
  }
}
