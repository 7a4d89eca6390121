/// An answer as it comes, in lines that fit the terminal; before each line the strip of the pass that wrote its end.
///
/// The line under way is drawn again with each token, so its strip is alive; a word that no longer fits moves on.
struct ChatLines {
  /// Columns for text, behind the strip.
  private let room: Int
  private var line: [Character] = []
  private var strip = ""

  /// - Parameters:
  ///   - columns: of the terminal.
  ///   - strip: columns that the strip takes.
  init(columns: Int, strip: Int) {
    // The last column stays free: some terminals wrap when it is written. A wide character always fits.
    room = max(columns - strip - 2, 2)
  }

  /// What to write for the next piece of text.
  mutating func append(_ text: String, strip: String) -> String {
    self.strip = strip
    line += text.drawable
    var drawn = ""
    while let (head, rest) = split() {
      drawn += "\r\u{1B}[K\(strip) \(String(head))\n"
      line = rest
    }
    return drawn + "\r\u{1B}[K\(strip) \(String(line))"
  }

  /// What to write at the end.
  mutating func finish() -> String {
    line = []
    return "\n"
  }

  /// A whole line off the front, if there is one.
  private func split() -> (head: [Character], rest: [Character])? {
    var columns = 0
    var lastBlank: Int?
    for (index, character) in line.enumerated() {
      if character == "\n" {
        return (Array(line[..<index]), Array(line[(index + 1)...]))
      }
      columns += character.columns
      if columns > room {
        guard let lastBlank, lastBlank > 0 else {
          return (Array(line[..<index]), Array(line[index...]))
        }
        return (Array(line[..<lastBlank]), Array(line[(lastBlank + 1)...]))
      }
      if character == " " { lastBlank = index }
    }
    return nil
  }
}

extension Character {
  /// Columns of a terminal, at most: characters of East Asia and pictures take two.
  var columns: Int {
    guard let first = unicodeScalars.first else { return 0 }
    return first.value >= 0x1100 ? 2 : 1
  }
}

extension String {
  /// The text without control characters but line feeds, which could move the cursor; tabs are blanks.
  fileprivate var drawable: [Character] {
    var kept = String.UnicodeScalarView()
    for scalar in unicodeScalars {
      switch scalar {
      case "\n": kept.append(scalar)
      case "\t": kept.append(" ")
      default: if scalar.properties.generalCategory != .control { kept.append(scalar) }
      }
    }
    return Array(String(kept))
  }
}
