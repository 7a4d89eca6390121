/// One file of the project: its text, and its code without comments and the contents of strings.
struct SourceFile: Sendable, CustomStringConvertible {
  /// From the package's root.
  let path: String
  let lines: [Substring]
  /// As `lines`, with blanks for comments and texts.
  let code: [Substring]

  init(path: String, text: String) {
    self.path = path
    lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    var blanker = CommentBlanker(text)
    code =
      path.hasSuffix(".swift")
      ? blanker.code().split(separator: "\n", omittingEmptySubsequences: false) : lines
  }

  var description: String { path }
  /// The file's name without its folder and `.swift`.
  var name: String { String((path.split(separator: "/").last ?? "").prefix { $0 != "." }) }
  /// The second folder of the path: the room it belongs to.
  var room: String { String(path.split(separator: "/").dropFirst().first ?? "") }

  /// Lines of code that contain a word as such, counted from 1.
  func lines(withCode word: String) -> [Int] {
    code.indices.filter { code[$0].contains(word) }.map { $0 + 1 }
  }
}

/// Replaces comments and the contents of string literals by blanks, so that words in them are not taken for code.
struct CommentBlanker {
  private enum Context {
    /// Code, and how many parentheses are open since an interpolation began.
    case code(depth: Int)
    /// A text: number of `#`, and whether it has three quotation marks.
    case text(hashes: Int, isLong: Bool)
  }

  private let bytes: [UInt8]
  private var at = 0
  private var result: [UInt8] = []
  private var contexts: [Context] = [.code(depth: 0)]

  init(_ text: String) { bytes = Array(text.utf8) }

  /// The code, with the same line breaks as the text.
  mutating func code() -> String {
    while at < bytes.count {
      switch contexts.last {
      case .text(let hashes, let isLong): readText(hashes, isLong)
      case .code(let depth): readCode(depth)
      case nil: return ""
      }
    }
    return String(decoding: result, as: UTF8.self)
  }

  private mutating func readCode(_ depth: Int) {
    if matches("//") {
      blank(while: { $0 != UInt8(ascii: "\n") })
    } else if matches("/*") {
      while at < bytes.count, !matches("*/") { blank(1) }
      blank(2)
    } else if let (hashes, isLong) = textBegins() {
      blank(hashes + (isLong ? 3 : 1))
      contexts.append(.text(hashes: hashes, isLong: isLong))
    } else {
      let byte = bytes[at]
      if byte == UInt8(ascii: "(") { contexts[contexts.count - 1] = .code(depth: depth + 1) }
      if byte == UInt8(ascii: ")") {
        if depth == 1, contexts.count > 1 {
          contexts.removeLast()
        } else {
          contexts[contexts.count - 1] = .code(depth: depth - 1)
        }
      }
      result.append(byte)
      at += 1
    }
  }

  private mutating func readText(_ hashes: Int, _ isLong: Bool) {
    let marks = String(repeating: "#", count: hashes)
    if matches("\\" + marks + "(") {
      blank(hashes + 1)
      contexts.append(.code(depth: 0))
    } else if matches("\\" + marks) {
      blank(hashes + 2)
    } else if matches((isLong ? "\"\"\"" : "\"") + marks) {
      blank((isLong ? 3 : 1) + hashes)
      contexts.removeLast()
    } else {
      blank(1)
    }
  }

  /// How a text begins here: how many `#`, and whether it has three quotation marks.
  private func textBegins() -> (Int, Bool)? {
    var place = at
    while place < bytes.count, bytes[place] == UInt8(ascii: "#") { place += 1 }
    guard place < bytes.count, bytes[place] == UInt8(ascii: "\"") else { return nil }
    let isLong = bytes[place...].starts(with: "\"\"\"".utf8)
    return (place - at, isLong)
  }

  private func matches(_ text: String) -> Bool { bytes[at...].starts(with: text.utf8) }

  private mutating func blank(_ count: Int) {
    for _ in 0..<count where at < bytes.count {
      result.append(bytes[at] == UInt8(ascii: "\n") ? bytes[at] : UInt8(ascii: " "))
      at += 1
    }
  }

  private mutating func blank(while condition: (UInt8) -> Bool) {
    while at < bytes.count, condition(bytes[at]) { blank(1) }
  }
}
