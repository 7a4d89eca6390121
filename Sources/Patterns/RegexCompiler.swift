/// Writes a pattern's tree out as steps of the matching machine.
struct RegexCompiler {
  /// Longer programs are refused.
  private static let sizeLimit = 8192

  /// More parts are refused, also if they are empty: repetitions are written out.
  private static let workLimit = 1 << 16
  private var work = 0

  private(set) var program: [RegularExpression.Instruction] = []

  mutating func compile(_ node: RegexNode) throws(RegularExpression.Refusal) {
    work += 1
    guard program.count < Self.sizeLimit, work < Self.workLimit else {
      throw .init(offset: 0, part: "a pattern of more than \(Self.sizeLimit) steps")
    }
    switch node {
    case .set(let set): program.append(.take(set))
    case .sequence(let parts): for part in parts { try compile(part) }
    case .choice(let parts): try choice(parts)
    case .repeated(let part, let least, let most, let greed):
      try repeated(part, least, most, greed)
    case .look(let body, let ahead, let negated):
      let start = program.count
      program.append(.accept)
      try compile(body)
      program.append(.accept)
      program[start] = .look(
        next: program.count, negated: negated, back: ahead ? 0 : body.width ?? 0)
    case .atomic(let body):
      try atomic { compiler throws(RegularExpression.Refusal) in
        try compiler.compile(body)
      }
    case .textStart: program.append(.textStart)
    case .textEnd: program.append(.textEnd)
    }
  }

  private mutating func atomic(
    _ body: (inout RegexCompiler) throws(RegularExpression.Refusal) -> Void
  ) throws(RegularExpression.Refusal) {
    let start = program.count
    program.append(.accept)
    try body(&self)
    program.append(.accept)
    program[start] = .atomic(next: program.count)
  }

  private mutating func choice(_ parts: [RegexNode]) throws(RegularExpression.Refusal) {
    var ends: [Int] = []
    for part in parts.dropLast() {
      let fork = program.count
      program.append(.accept)
      try compile(part)
      ends.append(program.count)
      program.append(.accept)
      program[fork] = .fork(fork + 1, program.count)
    }
    if let last = parts.last { try compile(last) }
    for end in ends { program[end] = .jump(program.count) }
  }

  private mutating func repeated(
    _ part: RegexNode, _ least: Int, _ most: Int, _ greed: RegexNode.Greed
  ) throws(RegularExpression.Refusal) {
    if greed == .possessive {
      try atomic { compiler throws(RegularExpression.Refusal) in
        try compiler.repeated(part, least, most, .greedy)
      }
      return
    }
    let lazy = greed == .lazy
    if case .set(let set) = part {
      program.append(.run(set, least: least, most: most, lazy: lazy))
      return
    }
    for _ in 0..<least { try compile(part) }
    if most == RegexNode.unbounded {
      let fork = program.count
      program.append(.accept)
      try compile(part)
      program.append(.jump(fork))
      let end = program.count
      program[fork] = lazy ? .fork(end, fork + 1) : .fork(fork + 1, end)
      return
    }
    var forks: [Int] = []
    for _ in least..<most {
      forks.append(program.count)
      program.append(.accept)
      try compile(part)
    }
    let end = program.count
    for fork in forks { program[fork] = lazy ? .fork(end, fork + 1) : .fork(fork + 1, end) }
  }
}
