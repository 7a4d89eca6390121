import Testing

/// The house's own reader, so that its other findings can be believed.
@Suite struct BlankerTests {
  @Test(arguments: [
    ("let a = 1 // try!", "let a = 1        "),
    ("f(\"a!\") // x", "f(    )     "),
    ("x /* a! */ y", "x          y"),
    ("\"\\(a!)b\" + c", "  (a!)   + c"),
    ("\"\"\"\n a! \"b\" \n\"\"\" + c", "   \n        \n    + c"),
    ("#\"a\\(b)\"# + c", "          + c"),
    ("\"\\\"\" + c", "     + c"),
  ])
  func `comments and texts become blanks, interpolations stay`(text: String, code: String) {
    var blanker = CommentBlanker(text)
    let result = blanker.code()
    #expect(result.count == text.count)
    #expect(result == code)
  }

  @Test func `forced unwraps are told from comparisons and negations`() {
    #expect("a!.b"[...].hasForcedUnwrap)
    #expect("f(x)!"[...].hasForcedUnwrap)
    #expect(!"a != b"[...].hasForcedUnwrap)
    #expect(!"if !a"[...].hasForcedUnwrap)
    #expect(!"a!=b"[...].hasForcedUnwrap)
  }
}
