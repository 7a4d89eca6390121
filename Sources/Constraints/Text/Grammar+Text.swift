/// How the scalars of a text are written.
enum TextSpelling: Sendable {
  /// As they are, in UTF-8.
  case plain
  /// As they stand within quotes in JSON: what need not be escaped is not.
  case quoted
}

extension Grammar {
  /// Writes a text of an automaton.
  mutating func write(
    _ automaton: TextAutomaton, _ spelling: TextSpelling, from: Int32, to: Int32
  ) throws(ConstraintError) {
    let isAlive = automaton.isAlive
    guard isAlive.first == true else { return }
    var states: [Int32] = []
    for alive in isAlive { states.append(alive ? try state() : from) }
    jump(from, states[0])
    for (number, place) in states.enumerated() where isAlive[number] {
      if automaton.isEnd[number] { jump(place, to) }
      for way in automaton.ways(from: number, isAlive) {
        try write(way.scalars, spelling, from: place, to: states[way.target])
      }
    }
  }

  /// Writes one scalar of a set.
  mutating func write(
    _ scalars: ScalarRanges, _ spelling: TextSpelling, from: Int32, to: Int32
  ) throws(ConstraintError) {
    var plain = scalars
    if spelling == .quoted {
      plain = scalars.complement.union(Self.escaped).complement
      try writeEscaped(scalars, from: from, to: to)
    }
    var shared: [[ClosedRange<UInt8>]: Int32] = [:]
    for range in plain.ranges {
      for bytes in UTF8Ranges.parts(of: range) {
        // From the last byte on, what ends alike is written once.
        var target = to
        for place in bytes.indices.reversed().dropLast() {
          let rest = Array(bytes[place...])
          if let known = shared[rest] {
            target = known
          } else {
            let before = try state()
            take(bytes[place].lowerBound, bytes[place].upperBound, before, target)
            shared[rest] = before
            target = before
          }
        }
        guard let first = bytes.first else { continue }
        take(first.lowerBound, first.upperBound, from, target)
      }
    }
  }

  /// What JSON escapes: quotes, backslashes, control characters.
  static let escaped = ScalarRanges([0x00...0x1F, 0x22...0x22, 0x5C...0x5C])

  private mutating func writeEscaped(
    _ scalars: ScalarRanges, from: Int32, to: Int32
  ) throws(ConstraintError) {
    let wanted = Self.escaped.ranges.joined().filter { scalars.contains($0) }
    guard !wanted.isEmpty else { return }
    let texts = wanted.map { value -> [UInt8] in
      let short: [UInt32: String] = [
        0x08: "b", 0x09: "t", 0x0A: "n", 0x0C: "f", 0x0D: "r", 0x22: "\"", 0x5C: "\\",
      ]
      let hex = String(value, radix: 16)
      let text = short[value] ?? "u" + String(repeating: "0", count: 4 - hex.utf8.count) + hex
      return Array(("\\" + text).utf8)
    }
    try choose(texts, from, to)
  }
}

/// Ranges of scalars as ranges of the bytes of UTF-8.
///
/// - Standard: RFC 3629.
enum UTF8Ranges {
  static func parts(of range: ClosedRange<UInt32>) -> [[ClosedRange<UInt8>]] {
    var parts: [[ClosedRange<UInt8>]] = []
    let limits: [ClosedRange<UInt32>] = [
      0...0x7F, 0x80...0x7FF, 0x800...0xFFFF, 0x10000...0x10FFFF,
    ]
    for limit in limits where limit.overlaps(range) {
      split(range.clamped(to: limit), into: &parts)
    }
    return parts
  }

  /// Splits until all bytes but the last differing one run through their whole range.
  private static func split(
    _ range: ClosedRange<UInt32>, into parts: inout [[ClosedRange<UInt8>]]
  ) {
    for shift in [UInt32(6), 12, 18] {
      let mask = UInt32(1) << shift - 1
      guard range.upperBound > 0x7F, range.lowerBound & ~mask != range.upperBound & ~mask else {
        continue
      }
      if range.lowerBound & mask != 0 {
        split(range.lowerBound...(range.lowerBound | mask), into: &parts)
        split((range.lowerBound | mask) + 1...range.upperBound, into: &parts)
        return
      }
      if range.upperBound & mask != mask {
        split(range.lowerBound...(range.upperBound & ~mask) - 1, into: &parts)
        split((range.upperBound & ~mask)...range.upperBound, into: &parts)
        return
      }
    }
    let low = bytes(of: range.lowerBound)
    let high = bytes(of: range.upperBound)
    parts.append(zip(low, high).map { min($0, $1)...max($0, $1) })
  }

  private static func bytes(of value: UInt32) -> [UInt8] {
    Unicode.Scalar(value).map { Array(String($0).utf8) } ?? []
  }
}
