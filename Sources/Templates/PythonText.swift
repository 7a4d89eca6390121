/// Operations on text by code point, as Python's strings have them.
///
/// Swift's own go by what a reader takes for a character, under which `"\r\n"` contains no `"\n"`.
package enum PythonText {
  /// The byte offset of the first occurrence at or after a byte offset.
  static func find(_ part: String, in text: String, from start: Int = 0) -> Int? {
    find(Array(part.utf8), in: Array(text.utf8), from: start)
  }

  /// - Complexity: linear in both (Knuth, Morris and Pratt), whatever the texts are made of.
  static func find(_ part: [UInt8], in text: [UInt8], from start: Int = 0) -> Int? {
    guard part.count <= text.count else { return nil }
    guard let first = part.first else { return start <= text.count ? start : nil }
    if part.count == 1 { return start < text.count ? text[start...].firstIndex(of: first) : nil }
    var borders = [0]
    var border = 0
    for byte in part.dropFirst() {
      while border > 0, part[border] != byte { border = borders[border - 1] }
      if part[border] == byte { border += 1 }
      borders.append(border)
    }
    var matched = 0
    var place = start
    while place < text.count {
      while matched > 0, part[matched] != text[place] { matched = borders[matched - 1] }
      if part[matched] == text[place] { matched += 1 }
      place += 1
      if matched == part.count { return place - matched }
    }
    return nil
  }

  /// The byte offset of the last occurrence.
  static func findLast(_ part: String, in text: String) -> Int? {
    let reversed = find(Array(part.utf8.reversed()), in: Array(text.utf8.reversed()))
    return reversed.map { text.utf8.count - $0 - part.utf8.count }
  }

  /// The parts between occurrences of a separator, at most so many cuts.
  package static func split(_ text: String, by separator: String, most: Int = .max) -> [String] {
    let bytes = Array(text.utf8)
    let mark = Array(separator.utf8)
    var parts: [String] = []
    var start = 0
    while parts.count < most, !mark.isEmpty, let place = find(mark, in: bytes, from: start) {
      parts.append(String(decoding: bytes[start..<place], as: UTF8.self))
      start = place + mark.count
    }
    parts.append(String(decoding: bytes[start...], as: UTF8.self))
    return parts
  }

  /// The words between runs of white space, at most so many cuts.
  static func words(_ text: String, most: Int = .max) -> [String] {
    var words: [String] = []
    var rest = text.unicodeScalars[...].drop { isSpace($0) }
    while !rest.isEmpty {
      if words.count == most {
        words.append(String(rest))
        return words
      }
      let word = rest.prefix { !isSpace($0) }
      words.append(String(word))
      rest = rest[word.endIndex...].drop { isSpace($0) }
    }
    return words
  }

  static func replace(_ old: String, in text: String, with new: String, most: Int) -> String {
    guard !old.isEmpty else {
      let scalars = text.unicodeScalars.prefix(most).map { new + String($0) }
      let rest = String(text.unicodeScalars.dropFirst(most))
      return scalars.joined() + (scalars.count < most ? new : "") + rest
    }
    return split(text, by: old, most: most).joined(separator: new)
  }

  /// Without characters of a set at the ends; nil stands for white space.
  package static func strip(
    _ text: String, _ characters: String?, left: Bool = true, right: Bool = true
  ) -> String {
    let set = characters.map { Set($0.unicodeScalars) }
    func goes(_ scalar: Unicode.Scalar) -> Bool { set?.contains(scalar) ?? isSpace(scalar) }
    var scalars = text.unicodeScalars[...]
    if left { scalars = scalars.drop(while: goes) }
    while right, let last = scalars.last, goes(last) { scalars.removeLast() }
    return String(scalars)
  }

  /// White space by Python's measure, which adds the four information separators.
  static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
    scalar.properties.isWhitespace || (0x1C...0x1F).contains(scalar.value)
  }

  /// A letter by Python's measure: the general categories that begin with L.
  static func isLetter(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: true
    default: false
    }
  }

  static func upper(_ text: String) -> String { map(text) { $0.uppercaseMapping } }
  static func lower(_ text: String) -> String { map(text) { $0.lowercaseMapping } }

  private static func map(
    _ text: String, _ change: (Unicode.Scalar.Properties) -> String
  ) -> String {
    var result = ""
    for scalar in text.unicodeScalars { result += change(scalar.properties) }
    return result
  }

  /// First character in title case, the rest in lower case.
  static func capitalize(_ text: String) -> String {
    guard let first = text.unicodeScalars.first else { return text }
    return first.properties.titlecaseMapping + lower(String(text.unicodeScalars.dropFirst()))
  }

  /// Every run of letters capitalised.
  static func title(_ text: String) -> String {
    var result = ""
    var inWord = false
    for scalar in text.unicodeScalars {
      let properties = scalar.properties
      result += inWord ? properties.lowercaseMapping : properties.titlecaseMapping
      inWord = properties.isCased
    }
    return result
  }

  static func starts(_ text: String, with prefix: String) -> Bool {
    text.utf8.starts(with: prefix.utf8)
  }

  package static func ends(_ text: String, with suffix: String) -> Bool {
    text.utf8.reversed().starts(with: suffix.utf8.reversed())
  }
}
