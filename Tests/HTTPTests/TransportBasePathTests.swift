import Testing

@testable import HTTP

@Suite struct TransportBasePathTests {
  @Test(arguments: [
    ("/", ""), ("/scope", "/scope"), ("/scope/", "/scope"), ("/a/b.c/~d_e-1", "/a/b.c/~d_e-1"),
  ])
  func `a plain path is read, with or without a slash at its end`(_ text: String, _ read: String) {
    #expect(BasePath(text)?.text == read)
  }

  @Test(arguments: [
    "", "scope", "//", "/a//b", "/a/../b", "/.", "/..", "/a b", "/a%20b", "/a?b", "/a#b", "/é",
    "/a\r\nSet-Cookie:x", "/a\"b", "/a;b", "/" + String(repeating: "a", count: 256),
  ])
  func `what could be read in two ways is no path`(_ text: String) {
    #expect(BasePath(text) == nil)
  }

  @Test func `a path comes off where it stands, whole, and only once`() throws {
    let base = try #require(BasePath("/tools/scope"))
    #expect(base.below(["tools", "scope", "v1", "runs"]) == ["v1", "runs"])
    #expect(base.below(["tools", "scope"]) == [])
    #expect(base.below(["tools", "scope", ""]) == [""])
    #expect(base.below(["tools", "scope", "tools", "scope"]) == ["tools", "scope"])
    let others = [["v1", "runs"], ["tools"], ["tools", "scopes", "v1"], ["Tools", "scope"], []]
    for elsewhere in others {
      #expect(base.below(elsewhere) == elsewhere)
      #expect(BasePath.root.below(elsewhere) == elsewhere)
    }
  }

  @Test func `whatever lies below a base is found as without it`() throws {
    var random = SystemRandomNumberGenerator()
    let alphabet = ["a", "v1", "..", "", "x y", "%2F", "runs", "."]
    for _ in 0..<2000 {
      let inner = (0..<Int.random(in: 0...4, using: &random)).map { _ in
        alphabet[Int.random(in: 0..<alphabet.count, using: &random)]
      }
      let segments = (0..<Int.random(in: 1...3, using: &random)).map { _ in
        ["a", "v1", "runs", "b.c"][Int.random(in: 0..<4, using: &random)]
      }
      let base = try #require(BasePath("/" + segments.joined(separator: "/")))
      #expect(base.below(segments + inner) == inner)
      #expect(base.place("/" + inner.joined(separator: "/")).hasPrefix(base.text + "/"))
      #expect(BasePath(base.text) == base)
    }
  }
}
