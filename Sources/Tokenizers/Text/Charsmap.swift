/// SentencePiece's compiled normalisation: which beginnings of a text become what.
///
/// A double array of the beginnings, and their replacements as texts that end in a zero byte.
///
/// - Standard: `precompiled_charsmap` of SentencePiece's `NormalizerSpec`; the array is that of Darts-clone.
struct Charsmap: Sendable, Equatable {
  /// Why the bytes are no such table.
  enum Fault: Error { case tooShort, unfinished }

  private let units: [UInt32]
  private let replacements: [UInt8]
  /// How many times longer than what it stands for a replacement is, at most.
  private(set) var growth: Double = 1

  init(_ bytes: [UInt8]) throws(Fault) {
    guard bytes.count > 4 else { throw .tooShort }
    let size = Int(Self.word(bytes, at: 0))
    guard size % 4 == 0, size > 0, size < bytes.count - 4 else { throw .tooShort }
    units = stride(from: 4, to: 4 + size, by: 4).map { Self.word(bytes, at: $0) }
    replacements = Array(bytes[(4 + size)...])
    guard replacements.last == 0 else { throw .unfinished }
    let longest = replacements.split(separator: 0).map(\.count).max() ?? 0
    // Beginnings of one or two bytes are few; what is longer is at least three.
    growth = max(1, Double(longest) / 3)
    for first in UInt8(1)...0xDF {
      for second in UInt8(0)...0xBF { measure([first, second]) }
    }
  }

  private mutating func measure(_ text: [UInt8]) {
    matches(text[...]) { length, start in
      let size = replacement(at: start)?.count ?? 0
      growth = max(growth, Double(size) / Double(length))
      return true
    }
  }

  private static func word(_ bytes: [UInt8], at place: Int) -> UInt32 {
    (0..<4).reduce(0) { $0 | UInt32(bytes[place + $1]) << (8 * UInt32($1)) }
  }

  /// The beginnings of a text that the table has, from the shortest to the longest: bytes of it, and where the
  /// replacement begins.
  private func matches(_ text: ArraySlice<UInt8>, _ found: (Int, Int) -> Bool) {
    guard let root = units.first else { return }
    var place = Self.offset(root)
    for (index, byte) in text.enumerated() {
      if byte == 0 { return }
      place ^= Int(byte)
      guard units.indices.contains(place) else { return }
      let unit = units[place]
      guard unit & 0x8000_00FF == UInt32(byte) else { return }
      place ^= Self.offset(unit)
      guard unit >> 8 & 1 == 1 else { continue }
      guard units.indices.contains(place) else { return }
      if !found(index + 1, Int(units[place] & 0x7FFF_FFFF)) { return }
    }
  }

  private static func offset(_ unit: UInt32) -> Int {
    Int(unit >> 10) << Int((unit & (1 << 9)) >> 6)
  }

  private func replacement(at start: Int) -> ArraySlice<UInt8>? {
    guard replacements.indices.contains(start) else { return nil }
    return replacements[start...].prefix { $0 != 0 }
  }

  /// What stands for a text by its shortest beginning in the table, as HF's library looks it up.
  private func transformed(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
    var start: Int?
    matches(text) { _, place in
      start = place
      return false
    }
    return start.flatMap { replacement(at: $0) }
  }

  /// A text by HF's rule: what a reader takes for a character whole if it is short, else scalar by scalar.
  func normalizedByCharacters(_ text: String) -> String {
    var result: [UInt8] = []
    result.reserveCapacity(text.utf8.count)
    for character in text {
      let bytes = Array(character.utf8)
      if bytes.count < 6, let whole = transformed(bytes[...]) {
        result += whole
        continue
      }
      for scalar in character.unicodeScalars {
        let part = Array(String(scalar).utf8)
        result += transformed(part[...]) ?? part[...]
      }
    }
    return String(decoding: result, as: UTF8.self)
  }

  /// A text by SentencePiece's rule: the longest beginning in the table at each place, else one scalar.
  func normalizedByLongest(_ text: String) -> String {
    let bytes = Array(text.utf8)
    var result: [UInt8] = []
    result.reserveCapacity(bytes.count)
    var place = 0
    while place < bytes.count {
      var best: (length: Int, start: Int)?
      matches(bytes[place...]) { length, start in
        best = (length, start)
        return true
      }
      if let best, let replacement = replacement(at: best.start) {
        result += replacement
        place += best.length
      } else {
        let end = BytePairModel.characterEnd(bytes[...], place)
        result += bytes[place..<end]
        place = end
      }
    }
    return String(decoding: result, as: UTF8.self)
  }

  /// Everything that decides what a text becomes.
  func combine(into hash: inout StableHash) {
    for unit in units { hash.combine(UInt64(unit)) }
    hash.combine(replacements)
  }
}

extension Charsmap: CustomStringConvertible {
  /// A hash, since enumerations that hold a table print themselves to be told apart.
  var description: String {
    var hash = StableHash()
    combine(into: &hash)
    return "Charsmap(\(hash.text))"
  }
}
