/// What the splitting expressions ask of a character, as bits.
///
/// - Standard: Unicode general categories; white space is the property `White_Space`.
package struct ScalarClass: OptionSet, Sendable {
  package let rawValue: UInt8

  /// `\p{L}`.
  package static let letter = ScalarClass(rawValue: 1)
  /// `\p{N}`.
  package static let number = ScalarClass(rawValue: 2)
  /// `\s`.
  package static let space = ScalarClass(rawValue: 4)
  /// `\p{M}`.
  package static let mark = ScalarClass(rawValue: 8)
  /// `\p{Lu}` and `\p{Lt}`.
  package static let upper = ScalarClass(rawValue: 16)
  /// `\p{Ll}`.
  package static let lower = ScalarClass(rawValue: 32)
  /// `\p{Lm}` and `\p{Lo}`.
  package static let uncased = ScalarClass(rawValue: 64)
  /// Carriage return and line feed.
  package static let lineEnd = ScalarClass(rawValue: 128)

  package init(rawValue: UInt8) { self.rawValue = rawValue }

  package init(of scalar: Unicode.Scalar) {
    self = scalar.value < 0x80 ? Self.ascii[Int(scalar.value)] : Self.lookUp(scalar)
  }

  private static let ascii: [ScalarClass] = (0..<0x80).map { lookUp(Unicode.Scalar(UInt8($0))) }

  private static func lookUp(_ scalar: Unicode.Scalar) -> ScalarClass {
    var found: ScalarClass =
      switch scalar.properties.generalCategory {
      case .uppercaseLetter, .titlecaseLetter: [.letter, .upper]
      case .lowercaseLetter: [.letter, .lower]
      case .modifierLetter, .otherLetter: [.letter, .uncased]
      case .decimalNumber, .letterNumber, .otherNumber: .number
      case .nonspacingMark, .spacingMark, .enclosingMark: .mark
      default: []
      }
    if scalar.properties.isWhitespace { found.insert(.space) }
    if scalar == "\r" || scalar == "\n" { found.insert(.lineEnd) }
    return found
  }
}
