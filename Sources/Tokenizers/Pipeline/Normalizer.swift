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
  case bert(BertRules)
  /// SentencePiece's rules for control characters and blanks in training data for translation.
  case nmt
  /// SentencePiece's compiled rules, by HF's way of looking them up or by SentencePiece's own.
  case charsmap(Charsmap, byCharacters: Bool)
  /// Spells the bytes in the byte alphabet.
  case byteLevel
  /// Blanks as U+2581, one before the first word (`prefix`), and of several one (`merges`), as in llama.cpp.
  case markedBlanks(prefix: Bool, merges: Bool)
  indirect case sequence([Normalizer])

  /// - Throws: `PatternOverrun` where a pattern needs more steps than the budget has.
  func apply(
    to text: String, _ budget: inout PatternBudget
  ) throws(PatternOverrun) -> String {
    switch self {
    case .nfc: return Self.isASCII(text) ? text : text.precomposedStringWithCanonicalMapping
    case .nfd: return Self.isASCII(text) ? text : text.decomposedStringWithCanonicalMapping
    case .nfkc: return Self.isASCII(text) ? text : text.precomposedStringWithCompatibilityMapping
    case .nfkd: return Self.isASCII(text) ? text : text.decomposedStringWithCompatibilityMapping
    case .lowercase: return Self.lowercase(text)
    case .stripAccents: return Self.withoutMarks(text)
    case .strip(let left, let right): return Self.strip(text, left, right)
    case .prepend(let prefix): return text.isEmpty ? text : prefix + text
    case .replace(let pattern, let replacement):
      return try pattern.replacing(in: text, with: replacement, &budget)
    case .bert(let rules): return rules.apply(to: text)
    case .nmt: return Self.nmt(text)
    case .charsmap(let map, let byCharacters):
      return byCharacters ? map.normalizedByCharacters(text) : map.normalizedByLongest(text)
    case .byteLevel: return String(decoding: ByteAlphabet.spell(text.utf8), as: UTF8.self)
    case .markedBlanks(let prefix, let merges): return Self.markedBlanks(text, prefix, merges)
    case .sequence(let steps):
      var text = text
      for step in steps { text = try step.apply(to: text, &budget) }
      return text
    }
  }

  /// How many times longer than itself this can make a text, at most; what is put before a text counts apart.
  var growth: Double {
    switch self {
    // The longest compatibility decomposition has 18 characters of two bytes for one of three.
    case .nfkc, .nfkd: 12
    case .nfc, .nfd: 3
    case .lowercase: 1.5
    case .stripAccents, .strip, .prepend, .nmt: 1
    // Decomposed, or put apart.
    case .bert: 3
    case .byteLevel: 2
    case .markedBlanks: 4
    case .charsmap(let map, _): map.growth
    case .replace(.literal(let old), let new):
      max(1, Double(new.utf8.count) / Double(max(old.utf8.count, 1)))
    case .replace(_, let new): max(1, Double(new.utf8.count))
    case .sequence(let steps): steps.reduce(1) { $0 * $1.growth }
    }
  }

  /// How many changes this makes, one after the other, and the bytes that it puts before a text.
  var size: (steps: Int, prepended: Int) {
    switch self {
    case .sequence(let steps):
      steps.reduce((0, 0)) { ($0.0 + $1.size.steps, $0.1 + $1.size.prepended) }
    case .prepend(let prefix): (1, prefix.utf8.count)
    default: (1, 0)
    }
  }

  private static func nmt(_ text: String) -> String {
    var result = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      switch scalar.value {
      case 0x01...0x08, 0x0B, 0x0E...0x1F, 0x7F, 0x8F, 0x9F: continue
      case 0x09, 0x0A, 0x0C, 0x0D, 0x1680, 0x200B...0x200F, 0x2028, 0x2029, 0x2581, 0xFEFF, 0xFFFD:
        result.append(" ")
      default: result.append(scalar)
      }
    }
    return String(result)
  }

  private static func markedBlanks(_ text: String, _ prefix: Bool, _ merges: Bool) -> String {
    let marker: [UInt8] = [0xE2, 0x96, 0x81]
    var result: [UInt8] = []
    var isFirst = true
    var inWord = false
    for byte in text.utf8 {
      if byte == 0x20 {
        inWord = false
        if !merges { result += marker }
        continue
      }
      if !inWord, merges || (prefix && isFirst) {
        result += marker
        isFirst = false
      }
      inWord = true
      result.append(byte)
    }
    return String(decoding: result, as: UTF8.self)
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
