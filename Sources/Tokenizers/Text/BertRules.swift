import Foundation
import Patterns

/// BERT's cleaning of a text before it is cut into words.
struct BertRules: Sendable, Equatable {
  /// Drops control characters and makes every blank a space.
  var cleans = true
  /// Puts Han characters apart.
  var separatesHan = true
  var stripsAccents = true
  var lowercases = true
  /// Whether the first part of a decomposition and the plain lower case count, as llama.cpp has them, instead of
  /// all parts and the full lower case.
  var isSimple = false

  func apply(to text: String) -> String {
    var scalars = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      // A vertical tab is both a control character and a blank.
      let isBlank = isSimple && scalar.properties.isWhitespace
      if cleans, !isBlank, Self.isDropped(scalar) { continue }
      if cleans, scalar.properties.isWhitespace {
        scalars.append(" ")
      } else if separatesHan, Self.isHan(scalar.value) {
        scalars.append(contentsOf: [" ", scalar, " "])
      } else {
        scalars.append(scalar)
      }
    }
    var result = String(scalars)
    if stripsAccents { result = isSimple ? Self.firstParts(result) : Self.withoutAccents(result) }
    return lowercases ? Self.lowercase(result, isSimple: isSimple) : result
  }

  /// Control and private characters, but not the blanks among them.
  private static func isDropped(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0, 0xFFFD: return true
    case 9, 10, 13: return false
    default: break
    }
    switch scalar.properties.generalCategory {
    case .control, .format, .privateUse: return true
    default: return false
    }
  }

  private static func withoutAccents(_ text: String) -> String {
    var kept = String.UnicodeScalarView()
    for scalar in text.decomposedStringWithCanonicalMapping.unicodeScalars
    where scalar.properties.generalCategory != .nonspacingMark {
      kept.append(scalar)
    }
    return String(kept)
  }

  private static func firstParts(_ text: String) -> String {
    var kept = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      let first =
        scalar.isASCII
        ? scalar
        : String(scalar).decomposedStringWithCanonicalMapping.unicodeScalars.first ?? scalar
      if !ScalarClass(of: first).contains(.mark) { kept.append(first) }
    }
    return String(kept)
  }

  private static func lowercase(_ text: String, isSimple: Bool) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      let lower = scalar.properties.lowercaseMapping
      let isLong = lower.unicodeScalars.count > 1
      result += isSimple && isLong ? String(lower.unicodeScalars.prefix(1)) : lower
    }
    return result
  }

  /// The blocks of Han that BERT knows; not kana, not Hangul.
  private static func isHan(_ value: UInt32) -> Bool {
    switch value {
    case 0x4E00...0x9FFF, 0x3400...0x4DBF, 0x20000...0x2A6DF, 0x2A700...0x2B73F, 0x2B740...0x2B81F,
      0x2B920...0x2CEAF, 0xF900...0xFAFF, 0x2F800...0x2FA1F:
      true
    default: false
    }
  }
}
