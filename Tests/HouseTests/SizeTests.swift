import Testing

/// Files stay small enough to read in one go.
@Suite struct SizeTests {
  /// Files that may be longer than ``limit``, with the reason.
  static let exceptions: [String: (lines: Int, reason: String)] = [:]

  static let limit = 400

  @Test func `a file is not too long`() {
    for file in SourceTree.sources + SourceTree.tests {
      let limit = Self.exceptions[file.path]?.lines ?? Self.limit
      #expect(
        file.lines.count <= limit,
        "\(file) has \(file.lines.count) lines, more than \(limit): give an aspect its own file")
    }
  }

  @Test func `the files were found`() {
    #expect(SourceTree.sources.count > 200)
    #expect(SourceTree.tests.count > 50)
  }

  @Test func `exceptions are needed and have a reason`() {
    for (path, exception) in Self.exceptions {
      let file = SourceTree.file(path)
      #expect(file.map { $0.lines.count > Self.limit } == true, "\(path) needs no exception")
      #expect(exception.reason.count > 20, "\(path)")
    }
  }
}
