import TestKit
import Testing

@testable import neuroscope

@Suite struct ChatLinesTests {
  /// What a terminal shows after some text was written to it: its lines, the cursor at the last one's end.
  private static func screen(_ written: String) -> [String] {
    var lines = [""]
    var rest = Substring(written)
    while let character = rest.popFirst() {
      switch character {
      case "\r":
        #expect(rest.hasPrefix("\u{1B}[K"))
        rest = rest.dropFirst(3)
        lines[lines.count - 1] = ""
      case "\n": lines.append("")
      default: lines[lines.count - 1].append(character)
      }
    }
    return lines
  }

  @Test(arguments: 0..<200)
  func `whatever pieces come, each line fits and no letter is lost`(seed: UInt64) {
    var chance = SeededGenerator(seed: seed)
    let columns = Int.random(in: 12...60, using: &chance)
    var lines = ChatLines(columns: columns, strip: 3)
    var said = ""
    var written = ""
    for _ in 0..<Int.random(in: 1...60, using: &chance) {
      let piece =
        ["a", " ", "\n", "word", "long-word-that-fits-nowhere", "日本", "é", " the"]
        .randomElement(using: &chance) ?? ""
      said += piece
      written += lines.append(piece, strip: "[#]")
    }
    written += lines.finish()
    let shown = Self.screen(written)
    #expect(shown.last == "")
    for line in shown.dropLast() {
      #expect(line.hasPrefix("[#] "))
      #expect(line.reduce(0) { $0 + $1.columns } < columns)
    }
    let letters = shown.dropLast().map { $0.dropFirst(4) }.joined()
    #expect(letters.filter { $0 != " " } == said.filter { $0 != " " && $0 != "\n" })
  }

  @Test func `a word that no longer fits moves to the next line`() {
    var lines = ChatLines(columns: 20, strip: 3)
    let written =
      lines.append("The capital of", strip: "[1]") + lines.append(" France", strip: "[2]")
    #expect(Self.screen(written) == ["[2] The capital of", "[2] France"])
  }

  @Test func `nothing that a model writes moves the cursor`() {
    var lines = ChatLines(columns: 40, strip: 3)
    let written = lines.append("a\u{1B}[2Jb\u{7}\tc\r", strip: "[1]")
    #expect(Self.screen(written) == ["[1] a[2Jb c"])
  }
}
