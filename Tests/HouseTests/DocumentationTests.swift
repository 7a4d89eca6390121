import Testing

/// What a room shows to others is explained.
@Suite struct DocumentationTests {
  static let kinds: Set<Substring> = [
    "struct", "class", "enum", "protocol", "actor", "func", "var", "let", "typealias", "macro",
  ]

  @Test func `every type and function at the top says what it is`() {
    for file in SourceTree.sources {
      for (index, line) in file.code.enumerated() where line.isShownDeclaration {
        #expect(
          file.isDocumented(line: index),
          "\(file):\(index + 1) has no /// comment: \(line.prefix(60))")
      }
    }
  }
}

extension Substring {
  /// A declaration without indentation that other rooms can see.
  fileprivate var isShownDeclaration: Bool {
    guard hasPrefix("package ") || hasPrefix("public ") || hasPrefix("@") else { return false }
    let words = split(separator: " ").prefix { !$0.hasSuffix(":") && $0 != "{" }
    guard words.contains("package") || words.contains("public"), !words.contains("import") else {
      return false
    }
    return words.prefix(6).contains { DocumentationTests.kinds.contains($0) }
  }
}

extension SourceFile {
  /// Whether the line above a declaration (and its attributes) is a documentation comment.
  fileprivate func isDocumented(line: Int) -> Bool {
    var above = line - 1
    while above >= 0, lines[above].hasPrefix("@") { above -= 1 }
    return above >= 0 && lines[above].hasPrefix("///")
  }
}
