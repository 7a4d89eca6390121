import Testing

/// What the first edition of the house taught, where a test can hold it.
@Suite struct TaughtTests {
  /// Types that are spread over files, and how many stored members those files may share.
  static let types = [("Sources/HTTP/HTTPConnection.swift", 6), ("Sources/Runs/Run.swift", 6)]

  @Test(arguments: types)
  func `a type in several files shares few stored members among them`(
    path: String, limit: Int
  ) throws {
    let file = try #require(SourceTree.file(path))
    let members = file.code.filter(\.isSharedStoredMember)
    #expect(members.count > 2, "the file was not understood")
    #expect(members.count <= limit, "\(path) shares \(members): make a value with private state")
  }

  @Test func `captures and frames meet in few files, of one room`() {
    // Benchmarks measure what lies below all rooms.
    let both = SourceTree.sources.filter {
      Set($0.imports).isSuperset(of: ["Hooks", "Frames"]) && !$0.path.contains("/Bench/")
    }
    #expect(both.count < 10 && !both.isEmpty, "\(both)")
    #expect(both.allSatisfy { $0.room == "Runs" }, "\(both)")
  }

  @Test func `only values and hands are seen by the transport`() {
    let seen = Floors.all["HTTP"] ?? []
    for room in ["Frames", "Streams", "Runs", "Engine", "Hooks"] {
      #expect(!seen.contains(room), "HTTP sees \(room)")
    }
    #expect(Floors.all["Streams"]?.contains("HTTP") == false)
  }
}

extension Substring {
  /// A stored property of a type at the top of a file that its other files see.
  var isSharedStoredMember: Bool {
    guard hasPrefix("  "), !hasPrefix("   ") else { return false }
    let words = split(separator: " ")
    guard let place = words.firstIndex(where: { $0 == "let" || $0 == "var" }), place <= 2,
      !words[..<place].contains(where: { $0.hasPrefix("private") || $0 == "static" })
    else { return false }
    // A body makes it computed.
    return !contains("{") || contains("= {")
  }
}
