import Testing

/// Words that have no place in the project.
@Suite struct WordTests {
  /// Spelt in two parts, or this file would find itself.
  static let unfinished = ["TO" + "DO", "FIX" + "ME", "HA" + "CK:", "XX" + "X "]
  static let machinePaths = [
    "/o" + "pt/", "/ro" + "ot/", "/ho" + "me/", "/Us" + "ers/", "/wo" + "rk/",
  ]

  @Test func `nothing is left for later`() {
    for file in SourceTree.written {
      for word in Self.unfinished {
        #expect(!file.lines.contains { $0.contains(word) }, "\(file) says \(word)")
      }
    }
  }

  @Test func `no path of anybody's machine`() {
    for file in SourceTree.written {
      for path in Self.machinePaths {
        let found = file.lines.first { $0.contains(path) }
        #expect(found == nil, "\(file) names a path: \(found ?? "")")
      }
    }
  }

  @Test func `nothing is forced, so no input can crash the process`() {
    for file in SourceTree.sources {
      for word in ["try!", "as!", "fatalError(", "unsafeBitCast(", "nonisolated(unsafe)"] {
        let lines = file.lines(withCode: word)
        #expect(lines.isEmpty, "\(file):\(lines) has \(word)")
      }
      for (index, line) in file.code.enumerated() where line.hasForcedUnwrap {
        Issue.record("\(file):\(index + 1) forces an optional: \(line)")
      }
    }
  }

  @Test func `an unchecked promise carries its proof`() {
    for file in SourceTree.sources {
      for line in file.lines(withCode: "@unchecked Sendable") {
        let near = file.lines[max(line - 3, 0)..<min(line + 4, file.lines.count)]
        let hasProof = near.contains { $0.contains("//") && $0.lowercased().contains("proof") }
        #expect(hasProof, "\(file):\(line) needs a comment with the proof in its next lines")
      }
    }
  }
}

extension Substring {
  /// A `!` right behind a name, a call or a subscript, and not of `!=`.
  var hasForcedUnwrap: Bool {
    var before: Character = " "
    for (place, character) in zip(indices, self) {
      defer { before = character }
      guard character == "!" else { continue }
      let next = index(after: place) < endIndex ? self[index(after: place)] : " "
      let isName = before.isLetter || before.isNumber || "_)]?".contains(before)
      if isName, next != "=" { return true }
    }
    return false
  }
}
