import Patterns

/// Finds, in what people and tools wrote, all that could be taken for a control token.
///
/// A template prints messages between control tokens that it spells out, and the whole text is tokenised. So the
/// text of a message that spells a control token would become one. Which characters came from messages is
/// followed through the template by disguise: before rendering, each character that could be part of a control
/// token is replaced by another one in a private plane of Unicode, one for one, so that lengths, slices and
/// searches stay as they were. Where they come out is text; everything else is the template's.
struct ControlText: Sendable {
  /// The control tokens' spellings.
  private let matcher: AddedTokenMatcher
  /// Proper ends of spellings: a text that begins with one may complete what stands before it.
  private let endings: Set<[UInt8]>
  private let longest: Int
  /// Present if spellings are looked for in normalised text too.
  private let normalizer: Normalizer?

  init(_ tokenizer: Tokenizer) {
    let control = tokenizer.added.values.filter { $0.special && !$0.text.isEmpty }
    matcher = AddedTokenMatcher(control.sorted { $0.token < $1.token })
    longest = control.map(\.text.utf8.count).max() ?? 0
    normalizer = control.contains { $0.normalized } ? tokenizer.normalizer : nil
    var endings: Set<[UInt8]> = []
    for token in control {
      let bytes = Array(token.text.utf8)
      for start in bytes.indices.dropFirst() where bytes[start] & 0xC0 != 0x80 {
        endings.insert(Array(bytes[start...]))
      }
    }
    self.endings = endings
  }

  /// The bytes of a text that belong to a control token's spelling: whole, or cut at either end of the text.
  func ranges(in text: String) -> [Range<Int>] {
    guard longest > 0 else { return [] }
    let bytes = Array(text.utf8)
    if let normalizer, matcher.occurrences(in: bytes).isEmpty {
      var budget = PatternBudget(bytes: bytes.count)
      // Where that cannot be told, all of it is text.
      let normalized = try? normalizer.apply(to: text, &budget)
      if normalized.map({ !matcher.occurrences(in: Array($0.utf8)).isEmpty }) ?? true {
        return bytes.isEmpty ? [] : [0..<bytes.count]
      }
    }
    var ranges = matcher.occurrences(in: bytes, orCutAtEnd: true)
    for length in stride(from: min(longest, bytes.count), to: 0, by: -1)
    where endings.contains(Array(bytes[..<length])) {
      ranges.append(0..<length)
      break
    }
    return ranges
  }
}

/// A plane of private characters, in which others are disguised one for one.
struct DisguisePlane: Sendable, Equatable {
  /// 0xF0000 or 0x100000.
  let base: UInt32

  /// A plane of which none of the texts uses a character; nil if both are in use.
  static func unused(in texts: [String]) -> DisguisePlane? {
    var used: Set<UInt32> = []
    for text in texts {
      for scalar in text.unicodeScalars where scalar.value >= 0xF0000 {
        used.insert(scalar.value & 0x1F0000)
      }
    }
    return [0xF0000, 0x100000].first { !used.contains($0) }.map { DisguisePlane(base: $0) }
  }

  /// The text with the scalars that begin in these byte ranges disguised.
  func disguise(_ text: String, _ ranges: [Range<Int>]) -> String {
    var marked = [Bool](repeating: false, count: text.utf8.count)
    for range in ranges { for byte in range { marked[byte] = true } }
    var result = String.UnicodeScalarView()
    var offset = 0
    for scalar in text.unicodeScalars {
      // Characters beyond the first plane stand in no spelling that is published; the last two of the plane
      // are no characters at all.
      let isFree = scalar.value < 0xFFFE
      result.append(
        marked[offset] && isFree ? Unicode.Scalar(base + scalar.value) ?? scalar : scalar)
      offset += UTF8.width(scalar)
    }
    return String(result)
  }

  /// The text as it was, and the bytes in it that were disguised.
  func reveal(_ text: String) -> (text: String, ranges: [Range<Int>]) {
    var result = String.UnicodeScalarView()
    var ranges: [Range<Int>] = []
    var offset = 0
    for scalar in text.unicodeScalars {
      guard scalar.value & 0x1F0000 == base, let plain = Unicode.Scalar(scalar.value & 0xFFFF)
      else {
        result.append(scalar)
        offset += UTF8.width(scalar)
        continue
      }
      result.append(plain)
      let end = offset + UTF8.width(plain)
      if let last = ranges.last, last.upperBound == offset {
        ranges[ranges.count - 1] = last.lowerBound..<end
      } else {
        ranges.append(offset..<end)
      }
      offset = end
    }
    return (String(result), ranges)
  }
}
