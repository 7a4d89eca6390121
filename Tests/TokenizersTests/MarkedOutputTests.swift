import Testing

@testable import Tokenizers

/// Thoughts and calls among a model's text, in the ways in which published families write them.
@Suite struct MarkedOutputTests {
  /// An answer taken apart.
  struct Parts: Equatable, CustomTestStringConvertible {
    var content = ""
    var reasoning = ""
    var calls: [String] = []
    var testDescription: String { "\(content) | \(reasoning) | \(calls)" }
  }

  static let tagged =
    #"<tool_call>\#n{"name": "weather", "arguments": {"city": "Oslo", "days": [1, 2]}}\#n</tool_call>"#
  static let oslo = #"weather {"city": "Oslo", "days": [1, 2]}"#
  static let mistral =
    #"[TOOL_CALLS] [{"name": "weather", "arguments": {"city": "Oslo", "days": [1, 2]}}, {"name": "time", "arguments": {}}]"#
  static let named = #"[TOOL_CALLS]weather[ARGS]{"city": "Oslo", "days": [1, 2]}[TOOL_CALLS]time{}"#
  static let phi =
    #"<|tool_call|>[{"name": "weather", "arguments": {"city": "Oslo", "days": [1, 2]}}]<|/tool_call|>"#
  static let llama = #"{"name": "weather", "parameters": {"city": "Oslo", "days": [1, 2]}}"#

  static func marks(_ calls: OutputMarks.Calls) -> OutputMarks {
    OutputMarks(calls: calls, thinks: true)
  }
  static let list = marks(.listed(open: "[TOOL_CALLS]", close: ""))
  static let closed = marks(.listed(open: "<|tool_call|>", close: "<|/tool_call|>"))

  static let cases: [(OutputMarks, String, Parts)] = [
    (marks(.tagged), "Plain text, 1 < 2 <tool.", Parts(content: "Plain text, 1 < 2 <tool.")),
    (marks(.tagged), tagged, Parts(calls: [oslo])),
    (
      marks(.tagged), "I look.\n\(tagged)\n\(tagged)",
      Parts(content: "I look.", calls: [oslo, oslo])
    ),
    (
      marks(.tagged), "<think>\nHm: \"<tool_call>\" é🙂\n</think>\n\nYes.\(tagged)",
      Parts(content: "Yes.", reasoning: "Hm: \"<tool_call>\" é🙂", calls: [oslo])
    ),
    (
      marks(.tagged), "<tool_call>no object</tool_call>",
      Parts(content: "<tool_call>no object</tool_call>")
    ),
    (
      marks(.tagged), #"<tool_call>{"title": 5}</tool_call>"#,
      Parts(content: #"<tool_call>{"title": 5}</tool_call>"#)
    ),
    (
      marks(.tagged),
      #"<tool_call>{"arguments": {"a": "}\"{"}, "id": 7, "name": "f\u0061"}</tool_call>"#,
      Parts(calls: [#"fa {"a": "}\"{"}"#])
    ),
    (
      marks(.tagged), #"<tool_call>{"name": "f", "arguments": "{\"a\": 1}"}</tool_call>"#,
      Parts(calls: [#"f {"a": 1}"#])
    ),
    (
      marks(.tagged), #"<tool_call>{"name": "f"}</tool_call> done"#,
      Parts(content: "done", calls: ["f {}"])
    ),
    (list, mistral, Parts(calls: [oslo, "time {}"])),
    (list, named, Parts(calls: [oslo, "time {}"])),
    (closed, phi, Parts(calls: [oslo])),
    (closed, "Well. \(phi)\n", Parts(content: "Well.", calls: [oslo])),
    (marks(.bare), llama, Parts(calls: [oslo])),
    (marks(.bare), "<|python_tag|>" + llama, Parts(calls: [oslo])),
    (marks(.bare), llama + "; " + llama, Parts(calls: [oslo, oslo])),
    (marks(.bare), #"{"capital": "Oslo"}"#, Parts(content: #"{"capital": "Oslo"}"#)),
    (marks(.bare), "  {not JSON", Parts(content: "{not JSON")),
    (marks(.bare), "Text with {\"name\": 1}", Parts(content: "Text with {\"name\": 1}")),
    (
      marks(.none), "<think>a</think>b<think>c</think>",
      Parts(content: "b<think>c</think>", reasoning: "a")
    ),
    (marks(.none), "<think>never ends \n", Parts(reasoning: "never ends")),
    (marks(.none), "  \n leading space", Parts(content: "  \n leading space")),
    (marks(.none), "", Parts()),
  ]

  private func read(
    _ marks: OutputMarks, _ pieces: [String], expectsCalls: Bool = true, inThought: Bool = false
  ) -> Parts {
    var output = MarkedOutput(marks, expectsCalls: expectsCalls, beginsInThought: inThought)
    var parts = Parts()
    for delta in pieces.map({ output.append($0) }) + [output.finish()] {
      parts.content += delta.content
      parts.reasoning += delta.reasoning
      for call in delta.toolCalls {
        if let name = call.name {
          #expect(call.index == parts.calls.count)
          parts.calls.append(name + " ")
        }
        if parts.calls.indices.contains(call.index) { parts.calls[call.index] += call.arguments }
      }
    }
    return parts
  }

  @Test(arguments: cases.indices) func `an answer is taken apart alike however it is cut`(
    index: Int
  ) {
    let (marks, text, expected) = Self.cases[index]
    #expect(read(marks, [text]) == expected)
    #expect(read(marks, text.map { String($0) }) == expected)
    var random = SystemRandomNumberGenerator()
    for _ in 0..<20 {
      var pieces: [String] = []
      var rest = Substring(text)
      while !rest.isEmpty {
        let size = Int.random(in: 1...9, using: &random)
        pieces.append(String(rest.prefix(size)))
        rest = rest.dropFirst(size)
      }
      #expect(read(marks, pieces) == expected, "\(pieces)")
    }
  }

  @Test func `a call streams its name first and its arguments as they come`() {
    var output = MarkedOutput(Self.marks(.tagged), expectsCalls: true, beginsInThought: false)
    var early = 0
    for character in Self.tagged.prefix(60) {
      early += output.append(String(character)).toolCalls.count
    }
    #expect(early > 5)
  }

  @Test func `where no function was offered what looks like a call is text`() {
    for text in [Self.tagged, Self.mistral, Self.phi, Self.llama] {
      for marks in [Self.marks(.tagged), Self.list, Self.closed, Self.marks(.bare)] {
        #expect(read(marks, [text], expectsCalls: false) == Parts(content: text))
      }
    }
  }

  @Test func `an answer may begin within a thought that the prompt began`() {
    let parts = read(Self.marks(.none), ["\nso ", "then </thi", "nk>\n\nYes"], inThought: true)
    #expect(parts == Parts(content: "Yes", reasoning: "so then"))
  }

  @Test
  func `any bytes between the marks are bounded, and text without marks is kept to the letter`() {
    let letters = Array("<>{}[]\"\\/|:, \ntool_callnameargumentsthink")
    for seed in 0..<300 {
      var state = UInt64(seed) &* 0x9E37_79B9_7F4A_7C15 &+ 1
      let text = String(
        (0..<200).map { _ in
          state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
          return letters[Int(state >> 33) % letters.count]
        })
      for marks in [Self.marks(.tagged), Self.list, Self.closed, Self.marks(.bare)] {
        let parts = read(marks, text.map { String($0) })
        if parts.calls.isEmpty, parts.reasoning.isEmpty {
          #expect(parts.content.filter { !$0.isWhitespace } == text.filter { !$0.isWhitespace })
        }
      }
    }
  }

  @Test func `the marks are those of the published templates`() {
    #expect(OutputMarks(template: "<tool_call> … </think>") == Self.marks(.tagged))
    #expect(OutputMarks(template: "[TOOL_CALLS]").calls == Self.list.calls)
    #expect(OutputMarks(template: "<|tool|>").calls == Self.closed.calls)
    #expect(OutputMarks(template: "role == 'ipython' parameters").calls == .bare)
    #expect(OutputMarks(template: "{{ messages }}") == .none)
  }
}
