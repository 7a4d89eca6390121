/// Which adjacent tokens may be joined, at which rank, and into what.
///
/// Open addressing over pairs of token numbers: 400 000 merges take 8 MB and are built in tens of milliseconds.
struct MergeTable: Sendable {
  /// Joining at a lower rank comes first.
  struct Merge: Sendable, Equatable {
    var rank: Int32
    var joined: Token
  }

  /// Left number in the high half, right number in the low half; `empty` is no pair of tokens.
  private var pairs: [UInt64]
  private var merges: [Merge]
  private(set) var count = 0
  private static let empty = UInt64.max

  init(capacity: Int = 0) {
    var size = 16
    while size < min(capacity, 1 << 22) * 2 { size *= 2 }
    pairs = Array(repeating: Self.empty, count: size)
    merges = Array(repeating: Merge(rank: 0, joined: 0), count: size)
  }

  /// Adds a merge; a pair that is there already gets the new one.
  mutating func insert(_ left: Token, _ right: Token, _ merge: Merge) {
    let pair = Self.pair(left, right)
    let slot = slot(of: pair)
    if pairs[slot] == Self.empty { count += 1 }
    pairs[slot] = pair
    merges[slot] = merge
    if count * 2 > pairs.count { grow() }
  }

  /// The merge of two adjacent tokens.
  func merge(_ left: Token, _ right: Token) -> Merge? {
    let slot = slot(of: Self.pair(left, right))
    return pairs[slot] == Self.empty ? nil : merges[slot]
  }

  private static func pair(_ left: Token, _ right: Token) -> UInt64 {
    UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
  }

  private func slot(of pair: UInt64) -> Int {
    let mask = pairs.count - 1
    // Fibonacci hashing: the high bits of the product are the well mixed ones.
    var slot = Int(truncatingIfNeeded: (pair &* 0x9E37_79B9_7F4A_7C15) >> 24) & mask
    while pairs[slot] != pair, pairs[slot] != Self.empty { slot = (slot + 1) & mask }
    return slot
  }

  private mutating func grow() {
    let old = (pairs, merges)
    pairs = Array(repeating: Self.empty, count: old.0.count * 2)
    merges = Array(repeating: Merge(rank: 0, joined: 0), count: pairs.count)
    for (pair, merge) in zip(old.0, old.1) where pair != Self.empty {
      let slot = slot(of: pair)
      pairs[slot] = pair
      merges[slot] = merge
    }
  }

  func combine(into hash: inout StableHash) {
    for (pair, merge) in zip(pairs, merges) where pair != Self.empty {
      hash.combine(pair)
      hash.combine(UInt64(UInt32(bitPattern: merge.rank)))
    }
  }
}
