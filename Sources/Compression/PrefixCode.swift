/// A prefix code of least total length, none of its codes longer than a limit, from how often each symbol occurs.
///
/// Its memory is used again from one code to the next.
///
/// - Standard: RFC 1951, section 3.2.2, for which code a length means. The lengths are found in place (Moffat and
///   Katajainen, 1995, "In-Place Calculation of Minimum-Redundancy Codes").
struct PrefixCode {
  /// Bits of each symbol's code; 0 where it does not occur.
  private(set) var lengths: [UInt8]
  /// Each symbol's code, its first bit lowest, and above it, from bit 16 on, its length.
  private(set) var entries: [UInt32]
  private let limit: Int
  /// The symbols that occur, seldom ones first: how often, and in the lowest bits which.
  private var order: [UInt32]
  private var work: [Int]
  private var ofLength: [Int]

  private static let symbolBits: UInt32 = 9

  /// Makes room for up to 512 symbols and codes of up to 15 bits.
  init(symbols: Int, limit: Int) {
    self.limit = limit
    lengths = Array(repeating: 0, count: symbols)
    entries = Array(repeating: 0, count: symbols)
    order = []
    order.reserveCapacity(symbols)
    work = Array(repeating: 0, count: symbols)
    ofLength = Array(repeating: 0, count: max(symbols, limit) + 1)
  }

  /// Makes the code; each count is below 2²³.
  mutating func build(_ counts: UnsafeBufferPointer<UInt32>) {
    sort(counts)
    for length in ofLength.indices { ofLength[length] = 0 }
    if order.count < 2 {
      ofLength[1] = order.count
    } else {
      findLengths()
      shorten()
    }
    assign()
  }

  /// The bits that all symbols take together.
  func cost(_ counts: UnsafeBufferPointer<UInt32>) -> Int {
    var bits = 0
    for (count, length) in zip(counts, lengths) { bits += Int(count) * Int(length) }
    return bits
  }

  private mutating func sort(_ counts: UnsafeBufferPointer<UInt32>) {
    order.removeAll(keepingCapacity: true)
    for (symbol, count) in counts.enumerated() where count > 0 {
      let item = count << Self.symbolBits | UInt32(symbol)
      order.append(item)
      var place = order.count - 1
      while place > 0, order[place - 1] > item {
        order[place] = order[place - 1]
        place -= 1
      }
      order[place] = item
    }
  }

  /// Counts the codes of each length, as if there were no limit.
  private mutating func findLengths() {
    let n = order.count
    for (place, item) in order.enumerated() { work[place] = Int(item >> Self.symbolBits) }
    // Pairs of the rarest become nodes; each place ends up with its node's parent.
    var root = 0
    var leaf = 0
    for node in 0..<(n - 1) {
      var sum = 0
      for _ in 0..<2 {
        if leaf >= n || (root < node && work[root] < work[leaf]) {
          sum += work[root]
          work[root] = node
          root += 1
        } else {
          sum += work[leaf]
          leaf += 1
        }
      }
      work[node] = sum
    }
    // Parents become depths, from the root down.
    work[n - 2] = 0
    for node in stride(from: n - 3, through: 0, by: -1) { work[node] = work[work[node]] + 1 }
    // What is free on a level and no node is a leaf.
    var free = 1
    var depth = 0
    var node = n - 2
    while free > 0 {
      var nodes = 0
      while node >= 0, work[node] == depth {
        nodes += 1
        node -= 1
      }
      ofLength[depth] = free - nodes
      free = 2 * nodes
      depth += 1
    }
  }

  /// Brings codes beyond the limit up to it, and moves others down until all fit together exactly.
  private mutating func shorten() {
    guard ofLength[(limit + 1)...].contains(where: { $0 > 0 }) else { return }
    for length in (limit + 1)..<ofLength.count {
      ofLength[limit] += ofLength[length]
      ofLength[length] = 0
    }
    var used = (1...limit).reduce(0) { $0 + ofLength[$1] << (limit - $1) }
    while used > 1 << limit {
      guard let length = (1..<limit).last(where: { ofLength[$0] > 0 }) else { return }
      ofLength[length] -= 1
      ofLength[length + 1] += 2
      ofLength[limit] -= 1
      used -= 1
    }
  }

  private mutating func assign() {
    for symbol in lengths.indices { lengths[symbol] = 0 }
    var place = 0
    for length in (1...limit).reversed() {
      for _ in 0..<ofLength[length] {
        lengths[Int(order[place] & (1 << Self.symbolBits - 1))] = UInt8(length)
        place += 1
      }
    }
    var next = InlineArray<16, UInt32>(repeating: 0)
    var code: UInt32 = 0
    for length in 1...limit {
      next[length] = code
      code = (code + UInt32(ofLength[length])) << 1
    }
    for (symbol, length) in lengths.enumerated() where length > 0 {
      entries[symbol] = Self.reversed(next[Int(length)], UInt32(length)) | UInt32(length) << 16
      next[Int(length)] += 1
    }
  }

  /// The lowest `length` bits, at most 16, the other way round.
  private static func reversed(_ code: UInt32, _ length: UInt32) -> UInt32 {
    var bits = (code & 0x5555) << 1 | (code >> 1) & 0x5555
    bits = (bits & 0x3333) << 2 | (bits >> 2) & 0x3333
    bits = (bits & 0x0F0F) << 4 | (bits >> 4) & 0x0F0F
    bits = (bits & 0x00FF) << 8 | bits >> 8
    return bits >> (16 - length)
  }
}
