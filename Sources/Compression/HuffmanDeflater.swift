/// Writes zlib streams whose bytes have codes by their frequency alone, with no search for repetitions.
///
/// For the exponents of floating-point numbers a search finds nothing, and where a tensor has few hundred numbers,
/// clearing its tables takes longer than all the rest. Any reader of zlib streams reads these.
///
/// - Standard: RFC 1950; RFC 1951, section 3.2.7.
/// - Ownership: its memory is allocated once, so it is kept and not copied.
package struct HuffmanDeflater: ~Copyable {
  /// Bytes that share a code: enough to pay for its description, few enough to follow the data.
  private static let blockLength = 16 << 10
  private static let endOfBlock = 256
  /// The order in which lengths of the lengths' codes are told.
  private static let runOrder = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]
  /// Bits that follow the symbols of repeated lengths.
  private static let runBits: [(symbol: Int, bits: Int)] = [(16, 2), (17, 3), (18, 7)]
  /// No repetitions, so no distances; two codes of one bit are what every reader takes.
  private static let distances: [UInt8] = [1, 1]

  /// 12 bits at most, so that four codes fit between two drainings.
  private var literals = PrefixCode(symbols: 257, limit: 12)
  private var runs = PrefixCode(symbols: 19, limit: 7)
  private var counts = [UInt32](repeating: 0, count: 257)
  private var odd = [UInt32](repeating: 0, count: 256)
  private var runCounts = [UInt32](repeating: 0, count: 19)
  /// The code lengths as told: a symbol, and above it, from bit 8 on, what follows it.
  private var told: [UInt16] = []

  package init() { told.reserveCapacity(260) }

  /// Compresses into memory of the caller; nil when the result does not fit, as for data that does not shrink.
  package mutating func compress(
    _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer
  ) -> Int? {
    var writer = BitWriter(output)
    guard writer.room >= 16 else { return nil }
    writer.put(0x0178, 16)
    var start = 0
    repeat {
      let end = min(start + Self.blockLength, input.count)
      let block = UnsafeRawBufferPointer(rebasing: input[start..<end])
      guard write(block, isLast: end == input.count, to: &writer) else { return nil }
      start = end
    } while start < input.count
    return writer.finish(Zlib.adler32(input))
  }

  private mutating func write(
    _ block: UnsafeRawBufferPointer, isLast: Bool, to writer: inout BitWriter
  ) -> Bool {
    count(block)
    let body = counts.withUnsafeBufferPointer { counts in
      literals.build(counts)
      return literals.cost(counts)
    }
    tellLengths()
    let description = runCounts.withUnsafeBufferPointer { counts in
      runs.build(counts)
      return runs.cost(counts) + Self.runBits.reduce(0) { $0 + Int(counts[$1.symbol]) * $1.bits }
    }
    var described = 19
    while described > 4, runs.lengths[Self.runOrder[described - 1]] == 0 { described -= 1 }
    guard writer.room >= 17 + 3 * described + description + body else { return false }
    writeHeader(described, isLast: isLast, to: &writer)
    write(block, to: &writer)
    return true
  }

  private mutating func count(_ block: UnsafeRawBufferPointer) {
    for symbol in counts.indices { counts[symbol] = 0 }
    for symbol in odd.indices { odd[symbol] = 0 }
    // Two tables, as neighbours are often equal and would wait for each other.
    counts.withUnsafeMutableBufferPointer { counts in
      odd.withUnsafeMutableBufferPointer { odd in
        var place = 0
        while place &+ 1 < block.count {
          counts[Int(block[place])] &+= 1
          odd[Int(block[place &+ 1])] &+= 1
          place &+= 2
        }
        if place < block.count { counts[Int(block[place])] &+= 1 }
        for symbol in 0..<256 { counts[symbol] &+= odd[symbol] }
      }
    }
    counts[Self.endOfBlock] = 1
  }

  /// Tells the code lengths with their repetitions (RFC 1951, section 3.2.7).
  private mutating func tellLengths() {
    told.removeAll(keepingCapacity: true)
    for symbol in runCounts.indices { runCounts[symbol] = 0 }
    let count = literals.lengths.count + Self.distances.count
    var place = 0
    while place < count {
      let length = toldLength(place)
      var run = 1
      while place + run < count, run < 138, toldLength(place + run) == length { run += 1 }
      place += tell(length, run: run)
    }
  }

  private func toldLength(_ place: Int) -> UInt8 {
    let literals = literals.lengths
    return place < literals.count ? literals[place] : Self.distances[place - literals.count]
  }

  /// Tells the beginning of a run; how much of it.
  private mutating func tell(_ length: UInt8, run: Int) -> Int {
    if length == 0, run >= 11 {
      tell(18, with: run - 11)
      return run
    }
    if length == 0, run >= 3 {
      tell(17, with: run - 3)
      return run
    }
    tell(UInt16(length), with: 0)
    let rest = min(run - 1, 6)
    guard length > 0, rest >= 3 else { return 1 }
    tell(16, with: rest - 3)
    return 1 + rest
  }

  private mutating func tell(_ symbol: UInt16, with extra: Int) {
    told.append(symbol | UInt16(extra) << 8)
    runCounts[Int(symbol)] += 1
  }

  private func writeHeader(_ described: Int, isLast: Bool, to writer: inout BitWriter) {
    writer.put(isLast ? 0b101 : 0b100, 3)
    writer.put(0, 5)
    writer.put(UInt64(Self.distances.count - 1), 5)
    writer.put(UInt64(described - 4), 4)
    writer.drain()
    for symbol in Self.runOrder[..<described] {
      writer.put(UInt64(runs.lengths[symbol]), 3)
      writer.drain()
    }
    for item in told {
      let symbol = Int(item & 0xFF)
      writer.put(runs.entries[symbol])
      if symbol >= 16 { writer.put(UInt64(item >> 8), UInt64(Self.runBits[symbol - 16].bits)) }
      writer.drain()
    }
  }

  private func write(_ block: UnsafeRawBufferPointer, to writer: inout BitWriter) {
    var output = writer
    literals.entries.withUnsafeBufferPointer { codes in
      var place = 0
      while place &+ 4 <= block.count {
        output.put(codes[Int(block[place])])
        output.put(codes[Int(block[place &+ 1])])
        output.put(codes[Int(block[place &+ 2])])
        output.put(codes[Int(block[place &+ 3])])
        output.drain()
        place &+= 4
      }
      while place < block.count {
        output.put(codes[Int(block[place])])
        output.drain()
        place &+= 1
      }
      output.put(codes[Self.endOfBlock])
      output.drain()
    }
    writer = output
  }
}

extension BitWriter {
  /// Adds an entry of a prefix code.
  @inline(__always)
  fileprivate mutating func put(_ entry: UInt32) {
    put(UInt64(entry & 0xFFFF), UInt64(entry &>> 16))
  }
}
