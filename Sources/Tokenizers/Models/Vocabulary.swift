/// The spellings of a model's tokens, found by bytes and by number.
///
/// Spellings are compared byte by byte: Swift's strings would take two spellings of `é` for one token.
/// All bytes lie in one array, so a vocabulary of 200 000 tokens is four allocations.
struct Vocabulary: Sendable {
  /// Larger numbers are refused: no table may be sized by a number from outside.
  static let largestToken: Token = 1 << 22

  private var bytes: [UInt8] = []
  /// Where each entry begins in `bytes`, in order of insertion, and the end of the last.
  private var starts: [UInt32] = [0]
  private var tokens: [Token] = []
  /// The entry of each token, or -1.
  private var entries: [Int32] = []
  /// Open addressing: entry numbers, or -1.
  ///
  /// The size is a power of two, at most half full.
  private var slots: [Int32] = []

  /// One more than the largest token.
  var size: Int { entries.count }
  /// Bytes of the longest spelling.
  private(set) var longestSpelling = 0
  /// How many spellings there are.
  var count: Int { tokens.count }

  init(capacity: Int = 0) {
    let capacity = min(max(capacity, 8), 1 << 20)
    slots = Array(repeating: -1, count: Self.tableSize(for: capacity))
    starts.reserveCapacity(capacity + 1)
    tokens.reserveCapacity(capacity)
    bytes.reserveCapacity(capacity * 8)
  }

  private static func tableSize(for count: Int) -> Int {
    var size = 16
    while size < count * 2 { size *= 2 }
    return size
  }

  /// Adds a spelling; one that is there already gets the new number.
  ///
  /// False if the number or the amount of text is beyond what a vocabulary may have.
  mutating func insert(_ spelling: some Collection<UInt8>, _ token: Token) -> Bool {
    guard token >= 0, token < Self.largestToken, bytes.count + spelling.count < Int(Int32.max)
    else { return false }
    while entries.count <= Int(token) { entries.append(-1) }
    let slot = slot(of: spelling)
    if slots[slot] >= 0 {
      let entry = Int(slots[slot])
      tokens[entry] = token
      entries[Int(token)] = Int32(entry)
      return true
    }
    let entry = Int32(tokens.count)
    bytes.append(contentsOf: spelling)
    longestSpelling = max(longestSpelling, spelling.count)
    starts.append(UInt32(bytes.count))
    tokens.append(token)
    entries[Int(token)] = entry
    slots[slot] = entry
    if tokens.count * 2 > slots.count { grow() }
    return true
  }

  /// Gives a token a spelling that is found by number only: of two tokens with one spelling the first
  /// stays the one that encodes.
  mutating func insertUnlisted(_ spelling: some Collection<UInt8>, _ token: Token) -> Bool {
    guard let first = self.token(spelling) else { return insert(spelling, token) }
    guard insert(spelling, token) else { return false }
    guard let entry = entry(of: token) else { return false }
    tokens[entry] = first
    return true
  }

  /// The token with this spelling.
  func token(_ spelling: some Collection<UInt8>) -> Token? {
    let entry = slots[slot(of: spelling)]
    return entry < 0 ? nil : tokens[Int(entry)]
  }

  /// The spelling of a token, or nil for a number without one.
  func spelling(of token: Token) -> ArraySlice<UInt8>? {
    guard let entry = entry(of: token) else { return nil }
    return bytes[Int(starts[entry])..<Int(starts[entry + 1])]
  }

  private func entry(of token: Token) -> Int? {
    guard token >= 0, Int(token) < entries.count, entries[Int(token)] >= 0 else { return nil }
    return Int(entries[Int(token)])
  }

  /// The slot that holds a spelling, or the free one where it would go.
  private func slot(of spelling: some Collection<UInt8>) -> Int {
    let mask = slots.count - 1
    var slot = Int(truncatingIfNeeded: Self.hash(spelling)) & mask
    while slots[slot] >= 0 {
      let entry = Int(slots[slot])
      let start = Int(starts[entry])
      let end = Int(starts[entry + 1])
      if end - start == spelling.count, bytes[start..<end].elementsEqual(spelling) { return slot }
      slot = (slot + 1) & mask
    }
    return slot
  }

  private mutating func grow() {
    slots = Array(repeating: -1, count: slots.count * 2)
    let mask = slots.count - 1
    for entry in tokens.indices {
      let range = Int(starts[entry])..<Int(starts[entry + 1])
      var slot = Int(truncatingIfNeeded: Self.hash(bytes[range])) & mask
      while slots[slot] >= 0 { slot = (slot + 1) & mask }
      slots[slot] = Int32(entry)
    }
  }

  /// FNV-1a with a final mix, since tables are addressed by the low bits.
  private static func hash(_ spelling: some Collection<UInt8>) -> UInt64 {
    var hash = StableHash()
    hash.combine(spelling)
    return hash.value ^ (hash.value >> 29)
  }

  /// Everything that decides what a vocabulary encodes and decodes to.
  func combine(into hash: inout StableHash) {
    hash.combine(bytes)
    for start in starts { hash.combine(UInt64(start)) }
    for token in tokens { hash.combine(UInt64(bitPattern: Int64(token))) }
  }
}
