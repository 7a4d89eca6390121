/// A set of Unicode scalars as ranges, in order and apart; surrogates are never in it.
struct ScalarRanges: Sendable, Hashable {
  private(set) var ranges: [ClosedRange<UInt32>] = []

  static let all = ScalarRanges([0...0xD7FF, 0xE000...0x10FFFF])
  static let surrogates: ClosedRange<UInt32> = 0xD800...0xDFFF

  init() {}

  init(_ ranges: some Sequence<ClosedRange<UInt32>>) {
    for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) { append(range) }
    removeSurrogates()
  }

  init(_ scalar: Unicode.Scalar) { ranges = [scalar.value...scalar.value] }

  /// The scalars of a short list.
  init(of text: String) { self.init(text.unicodeScalars.map { $0.value...$0.value }) }

  private mutating func append(_ range: ClosedRange<UInt32>) {
    guard let last = ranges.last, range.lowerBound <= last.upperBound + 1 else {
      ranges.append(range)
      return
    }
    ranges[ranges.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
  }

  private mutating func removeSurrogates() {
    guard ranges.contains(where: { $0.overlaps(Self.surrogates) }) else { return }
    ranges = ranges.flatMap { range -> [ClosedRange<UInt32>] in
      guard range.overlaps(Self.surrogates) else { return [range] }
      var parts: [ClosedRange<UInt32>] = []
      if range.lowerBound < 0xD800 { parts.append(range.lowerBound...0xD7FF) }
      if range.upperBound > 0xDFFF { parts.append(0xE000...range.upperBound) }
      return parts
    }
  }

  var isEmpty: Bool { ranges.isEmpty }

  func union(_ other: ScalarRanges) -> ScalarRanges { ScalarRanges(ranges + other.ranges) }

  var complement: ScalarRanges {
    var next: UInt32 = 0
    var gaps: [ClosedRange<UInt32>] = []
    for range in ranges {
      if range.lowerBound > next { gaps.append(next...(range.lowerBound - 1)) }
      next = range.upperBound + 1
    }
    if next <= 0x10FFFF { gaps.append(next...0x10FFFF) }
    return ScalarRanges(gaps)
  }

  func contains(_ value: UInt32) -> Bool { ranges.contains { $0.contains(value) } }
}

/// The classes of regular expressions, of which readers differ: what all of them take, and what any of them takes.
///
/// A text that fits must fit whoever checks it, so a class is the narrow set, and one that is excluded the wide set.
enum ScalarClasses {
  static let digits = ScalarRanges([0x30...0x39])
  static let word = ScalarRanges([0x30...0x39, 0x41...0x5A, 0x5F...0x5F, 0x61...0x7A])
  static let space = ScalarRanges([
    0x09...0x0D, 0x20...0x20, 0xA0...0xA0, 0x1680...0x1680, 0x2000...0x200A, 0x2028...0x2029,
    0x202F...0x202F, 0x205F...0x205F, 0x3000...0x3000,
  ])
  static let wideDigits = union {
    $0 == .decimalNumber || $0 == .letterNumber || $0 == .otherNumber
  }
  static let wideWord = union {
    switch $0 {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter,
      .decimalNumber, .letterNumber, .otherNumber, .nonspacingMark, .spacingMark, .enclosingMark,
      .connectorPunctuation, .format:
      true
    default: false
    }
  }.union(ScalarRanges([0x24B6...0x24E9]))
  static let wideSpace = space.union(
    ScalarRanges([0x1C...0x1F, 0x85...0x85, 0x180E...0x180E, 0x200B...0x200B, 0xFEFF...0xFEFF]))
  static let lineEnds = ScalarRanges([0x0A...0x0A, 0x0D...0x0D, 0x85...0x85, 0x2028...0x2029])

  /// The set of a property's name: a general category, long for the first letters alone.
  static func property(_ name: String) -> ScalarRanges? {
    let known = union { names[$0]?.hasPrefix(name) ?? false }
    let long = ["Letter": "L", "Number": "N", "Punctuation": "P", "Symbol": "S", "Mark": "M"]
    if let short = long[name] { return property(short) }
    guard (1...2).contains(name.utf8.count), !known.isEmpty else { return nil }
    return known
  }

  private static let names: [Unicode.GeneralCategory: String] = [
    .uppercaseLetter: "Lu", .lowercaseLetter: "Ll", .titlecaseLetter: "Lt", .modifierLetter: "Lm",
    .otherLetter: "Lo", .nonspacingMark: "Mn", .spacingMark: "Mc", .enclosingMark: "Me",
    .decimalNumber: "Nd", .letterNumber: "Nl", .otherNumber: "No", .connectorPunctuation: "Pc",
    .dashPunctuation: "Pd", .openPunctuation: "Ps", .closePunctuation: "Pe",
    .initialPunctuation: "Pi", .finalPunctuation: "Pf", .otherPunctuation: "Po", .mathSymbol: "Sm",
    .currencySymbol: "Sc", .modifierSymbol: "Sk", .otherSymbol: "So", .spaceSeparator: "Zs",
    .lineSeparator: "Zl", .paragraphSeparator: "Zp",
  ]

  /// Ranges of equal category, in order.
  private static let categories: [(range: ClosedRange<UInt32>, category: Unicode.GeneralCategory)] =
    {
      var found: [(range: ClosedRange<UInt32>, category: Unicode.GeneralCategory)] = []
      for range in ScalarRanges.all.ranges {
        for value in range {
          guard let category = Unicode.Scalar(value)?.properties.generalCategory else { continue }
          if let last = found.last, last.category == category, last.range.upperBound + 1 == value {
            found[found.count - 1].range = last.range.lowerBound...value
          } else {
            found.append((value...value, category))
          }
        }
      }
      return found
    }()

  private static func union(_ isWanted: (Unicode.GeneralCategory) -> Bool) -> ScalarRanges {
    ScalarRanges(categories.filter { isWanted($0.category) }.map(\.range))
  }
}
