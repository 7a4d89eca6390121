/// A set of scalars as a pattern's class describes it.
struct ScalarSet: Sendable, Equatable {
  enum Item: Sendable, Equatable {
    case range(ClosedRange<UInt32>)
    /// Any of these classes: `\p{L}`, `\s`, ….
    case classes(ScalarClass)
    /// Any of these general categories.
    case categories([Unicode.GeneralCategory])
    case word
    indirect case not(ScalarSet)
  }

  var items: [Item] = []
  var negated = false

  func contains(_ value: UInt32, _ classes: ScalarClass) -> Bool {
    for item in items {
      let found =
        switch item {
        case .range(let range): range.contains(value)
        case .classes(let wanted): !classes.isDisjoint(with: wanted)
        case .categories(let wanted):
          Unicode.Scalar(value).map { wanted.contains($0.properties.generalCategory) } ?? false
        case .word: Self.isWord(value)
        case .not(let set): !set.contains(value, classes)
        }
      if found { return !negated }
    }
    return negated
  }

  /// `\w`, as Oniguruma has it: letters, marks, decimal digits, connectors, and the numbers of Latin-1.
  private static func isWord(_ value: UInt32) -> Bool {
    guard let scalar = Unicode.Scalar(value) else { return false }
    if scalar.properties.isAlphabetic { return true }
    switch scalar.properties.generalCategory {
    case .otherNumber: return value < 0x100
    case .decimalNumber, .connectorPunctuation, .nonspacingMark, .spacingMark, .enclosingMark:
      return true
    default: return false
    }
  }

  /// One scalar; `anyCase` adds its other cases.
  static func literal(_ scalar: Unicode.Scalar, anyCase: Bool) -> ScalarSet {
    var set = ScalarSet(items: [.range(scalar.value...scalar.value)])
    if anyCase { set.addOtherCases() }
    return set
  }

  /// Adds the other cases of single scalars and of ASCII ranges.
  mutating func addOtherCases() {
    for case .range(let range) in items where range.count <= 128 {
      for value in range {
        guard let scalar = Unicode.Scalar(value) else { continue }
        let cased = [scalar.properties.lowercaseMapping, scalar.properties.uppercaseMapping]
        for other in cased {
          guard let first = other.unicodeScalars.first, other.unicodeScalars.count == 1 else {
            continue
          }
          items.append(.range(first.value...first.value))
        }
        // U+017F folds to `s`, U+212A to `k`.
        if value | 0x20 == 0x73 { items.append(.range(0x17F...0x17F)) }
        if value | 0x20 == 0x6B { items.append(.range(0x212A...0x212A)) }
      }
    }
  }

  /// The set of a `\p{…}` name.
  static func property(_ name: String) -> Item? {
    switch name {
    case "L", "Letter": .classes(.letter)
    case "N", "Number": .classes(.number)
    case "M", "Mark": .classes(.mark)
    case "White_Space", "space": .classes(.space)
    default: categories[name].map { .categories($0) }
    }
  }

  private static let categories: [String: [Unicode.GeneralCategory]] = [
    "Lu": [.uppercaseLetter], "Ll": [.lowercaseLetter], "Lt": [.titlecaseLetter],
    "Lm": [.modifierLetter], "Lo": [.otherLetter],
    "Mn": [.nonspacingMark], "Mc": [.spacingMark], "Me": [.enclosingMark],
    "Nd": [.decimalNumber], "Nl": [.letterNumber], "No": [.otherNumber],
    "P": punctuation, "Punctuation": punctuation,
    "Pc": [.connectorPunctuation], "Pd": [.dashPunctuation], "Ps": [.openPunctuation],
    "Pe": [.closePunctuation], "Pi": [.initialPunctuation], "Pf": [.finalPunctuation],
    "Po": [.otherPunctuation],
    "S": symbols, "Symbol": symbols,
    "Sm": [.mathSymbol], "Sc": [.currencySymbol], "Sk": [.modifierSymbol], "So": [.otherSymbol],
    "Z": [.spaceSeparator, .lineSeparator, .paragraphSeparator],
    "Zs": [.spaceSeparator], "Zl": [.lineSeparator], "Zp": [.paragraphSeparator],
    "C": [.control, .format, .surrogate, .privateUse, .unassigned],
    "Cc": [.control], "Cf": [.format], "Co": [.privateUse], "Cn": [.unassigned],
  ]

  private static let punctuation: [Unicode.GeneralCategory] = [
    .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation,
    .initialPunctuation, .finalPunctuation, .otherPunctuation,
  ]
  private static let symbols: [Unicode.GeneralCategory] = [
    .mathSymbol, .currencySymbol, .modifierSymbol, .otherSymbol,
  ]
}
