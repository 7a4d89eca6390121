import HTTP
import HTTPTypes
import TestKit
import Testing

@Suite(.ownThreads) struct `An error's echo of what was sent` {
  private func message(_ text: String) -> String {
    ErrorReply(.badRequest, code: "x", message: text).message
  }

  @Test func `leaves an ordinary sentence as it is`() {
    let text = "hooks[0].layer_name must be one of this model's layers, found \"Schön 語\""
    #expect(message(text) == text)
  }

  @Test(arguments: 0..<30)
  func `is bounded and plain, and keeps beginning and end`(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let pieces = ["a", "語", "\u{0}", "\n", "\u{7f}", "\u{202e}", "\u{2028}", "\\", "é", "\u{1b}["]
    let count = Int.random(in: 1...40_000, using: &random)
    let value = (0..<count).map { _ in pieces.randomElement(using: &random) ?? "" }.joined()
    let shown = message("model_id must be plain, found \(value), so choose another")
    #expect(shown.utf8.count <= ErrorReply.messageLimit + 100)
    #expect(shown.hasPrefix("model_id must be plain, found "))
    #expect(shown.hasSuffix(", so choose another"))
    let forbidden: Set<Unicode.Scalar> = [
      "\u{0}", "\n", "\u{7f}", "\u{202e}", "\u{2028}", "\u{1b}",
    ]
    #expect(shown.unicodeScalars.allSatisfy { !forbidden.contains($0) })
  }

  @Test func `leaves out details that would repeat too much`() {
    let long = Array("{\"found\":\"\(String(repeating: "x", count: 100_000))\"}".utf8)
    #expect(ErrorReply(.badRequest, code: "x", message: "m", details: long).details == nil)
    let short = Array("{\"field\":\"a\"}".utf8)
    #expect(ErrorReply(.badRequest, code: "x", message: "m", details: short).details == short)
  }
}
