import HeapModule

/// A row of tokens in which neighbours are joined, cheapest first, leftmost first among equals.
///
/// A queue of candidate joins over a doubly linked row: a join makes at most two new candidates, and a
/// candidate whose tokens have changed since is recognised and dropped when it comes up.
struct MergeChain {
  /// What joining two neighbours costs and gives.
  struct Step {
    var cost: Int32
    var joined: Token
  }

  private struct Candidate: Comparable {
    var cost: Int32
    var left: Int32
    var joined: Token

    static func < (one: Candidate, other: Candidate) -> Bool {
      one.cost != other.cost ? one.cost < other.cost : one.left < other.left
    }
  }

  /// A token that was joined into its left neighbour becomes -1.
  private var tokens: [Token]
  private var next: [Int32]
  private var previous: [Int32]

  init(_ tokens: [Token]) {
    self.tokens = tokens
    let count = Int32(clamping: tokens.count)
    next = Array(1..<(count + 1))
    previous = Array(-1..<(count - 1))
  }

  /// Steps between two questions whether it is all for nothing.
  static let patience = 1 << 14

  /// Joins until no neighbours can be joined, or nobody wants them to be.
  mutating func merge(unless isGivenUp: () -> Bool = { false }, _ step: (Token, Token) -> Step?) {
    guard tokens.count > 1 else { return }
    var queue: [Candidate] = []
    for left in 0..<(tokens.count - 1) {
      guard let found = step(tokens[left], tokens[left + 1]) else { continue }
      queue.append(Candidate(cost: found.cost, left: Int32(left), joined: found.joined))
    }
    var heap = Heap(queue)
    var steps = 0
    while let best = heap.popMin() {
      steps += 1
      if steps % Self.patience == 0, isGivenUp() { return }
      let left = Int(best.left)
      guard tokens[left] >= 0 else { continue }
      let right = Int(next[left])
      guard right < tokens.count, let now = step(tokens[left], tokens[right]),
        now.joined == best.joined, now.cost == best.cost
      else { continue }
      join(left, right, into: best.joined)
      for start in [Int(previous[left]), left] where start >= 0 {
        let end = Int(next[start])
        guard end < tokens.count, let found = step(tokens[start], tokens[end]) else { continue }
        heap.insert(Candidate(cost: found.cost, left: Int32(start), joined: found.joined))
      }
    }
  }

  private mutating func join(_ left: Int, _ right: Int, into joined: Token) {
    tokens[left] = joined
    tokens[right] = -1
    next[left] = next[right]
    if Int(next[right]) < tokens.count { previous[Int(next[right])] = Int32(left) }
  }

  /// Appends the tokens that are left.
  func append(to result: inout [Token]) {
    for token in tokens where token >= 0 { result.append(token) }
  }
}
