/// A hash that is the same in every run and on every machine, unlike Swift's own.
///
/// - Standard: FNV-1a, 64 bits (draft-eastlake-fnv). Not for secrets.
struct StableHash: Sendable {
  private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325

  mutating func combine(_ byte: UInt8) { value = (value ^ UInt64(byte)) &* 0x100_0000_01B3 }

  mutating func combine(_ bytes: some Collection<UInt8>) {
    for byte in bytes { combine(byte) }
  }

  /// Takes a whole word as one step; only equal sequences of calls give equal hashes.
  mutating func combine(_ word: UInt64) {
    value = (value ^ word) &* 0x100_0000_01B3
    value ^= value >> 32
  }

  /// Sixteen hexadecimal digits.
  var text: String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}
