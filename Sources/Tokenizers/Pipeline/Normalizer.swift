import Foundation
import Patterns

/// A change of the text before it is split, such as composing accents.
enum Normalizer: Sendable, Equatable {
  case nfc, nfd, nfkc, nfkd
  case lowercase
  case stripAccents
  /// Cuts white space off the ends.
  case strip(left: Bool, right: Bool)
  case prepend(String)
  case replace(TextPattern, with: String)
  indirect case sequence([Normalizer])

  func apply(to text: String) -> String {
    switch self {
    case .nfc: Self.isASCII(text) ? text : text.precomposedStringWithCanonicalMapping
    case .nfd: Self.isASCII(text) ? text : text.decomposedStringWithCanonicalMapping
    case .nfkc: Self.isASCII(text) ? text : text.precomposedStringWithCompatibilityMapping
    case .nfkd: Self.isASCII(text) ? text : text.decomposedStringWithCompatibilityMapping
    case .lowercase: Self.lowercase(text)
    case .stripAccents: Self.withoutMarks(text)
    case .strip(let left, let right): Self.strip(text, left, right)
    case .prepend(let prefix): text.isEmpty ? text : prefix + text
    case .replace(let pattern, let replacement): pattern.replacing(in: text, with: replacement)
    case .sequence(let steps): steps.reduce(text) { $1.apply(to: $0) }
    }
  }

  private static func isASCII(_ text: String) -> Bool { text.utf8.allSatisfy { $0 < 0x80 } }

  /// Scalar by scalar: a final sigma has no form of its own here, as in the libraries that trained these.
  private static func lowercase(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars { result += scalar.properties.lowercaseMapping }
    return result
  }

  private static func withoutMarks(_ text: String) -> String {
    var result = String.UnicodeScalarView()
    result.append(contentsOf: text.unicodeScalars.filter { !ScalarClass(of: $0).contains(.mark) })
    return String(result)
  }

  private static func strip(_ text: String, _ left: Bool, _ right: Bool) -> String {
    var scalars = text.unicodeScalars[...]
    while left, let first = scalars.first, first.properties.isWhitespace { scalars.removeFirst() }
    while right, let last = scalars.last, last.properties.isWhitespace { scalars.removeLast() }
    return String(scalars)
  }
}
