import JSON
import TestKit
import Testing

@testable import Constraints

/// Whole answers, with the marks that models set around their parts.
@Suite struct AnswerGrammarTests {
  private static let tools = AnswerCalls(
    tools: [
      CallableTool(
        name: "f", parameters: ["properties": ["x": ["type": "integer"]], "required": ["x"]],
        path: "tools[0]"),
      CallableTool(name: "g", parameters: nil, path: "tools[1]"),
    ], areNeeded: true, areParallel: true)

  private static func constraint(
    _ layout: AnswerLayout, _ content: AnswerContent = .text, _ calls: AnswerCalls? = tools
  ) throws -> Constraint {
    let texts: [[UInt8]?] = (0..<256).map { [UInt8($0)] } + Array(repeating: nil, count: 8)
    return try Constraint(
      kind: "test", try Grammar.answer(content, calls, in: layout),
      TokenTrie(texts: texts, vocabularySize: texts.count), controls: layout.controls)
  }

  /// Whether the tokens of a text may come, in which `‹n›` is control token 256 + n.
  private static func admits(_ constraint: Constraint, _ text: String) -> Bool {
    var cursor = constraint.start()
    var rest = Array(text.unicodeScalars)[...]
    while let scalar = rest.popFirst() {
      if scalar == "‹" {
        guard let number = rest.popFirst(), rest.popFirst() == "›" else { return false }
        let token = 256 + Int32(number.value) - 0x30
        guard constraint.advance(&cursor, token, bytes: []) else { return false }
        continue
      }
      for byte in String(scalar).utf8 {
        guard constraint.advance(&cursor, Int32(byte), bytes: [byte]) else { return false }
      }
    }
    return constraint.end(cursor).may
  }

  @Test(arguments: [
    (
      AnswerLayout.Calls.tagged(open: .text("<tool_call>"), close: .control(256)),
      [
        #"<tool_call>{"name":"f","arguments":{"x":1}}‹0›"#,
        "<tool_call>\n{\"name\": \"g\", \"arguments\": {}}\n‹0›\n<tool_call>{\"name\":\"f\",\"arguments\":{\"x\":2}}‹0›",
      ],
      [#"<tool_call>{"name":"f","arguments":{}}‹0›"#, #"{"name":"g","arguments":{}}"#, "Hi"]
    ),
    (
      .listed(open: .control(256), close: .text("<end>")),
      [#"‹0›[{"name":"g","arguments":{}}, {"name":"f","arguments":{"x":-3}}]<end>"#],
      [#"‹0›[]<end>"#, #"‹0›[{"name":"g","arguments":{}}]"#]
    ),
    (
      .named(open: .control(256), arguments: .control(257)),
      [#"‹0›f‹1›{"x":5}"#, #"‹0›g‹1›{}‹0›f‹1›{"x":5}"#], [#"‹0›h‹1›{}"#, #"‹0›f‹1›{}"#]
    ),
    (.bare, [#"{"name": "f", "parameters": {"x": 0}}"#], [#"{"name":"f","arguments":{"x":0}}"#]),
  ]) func `calls come as the family writes them`(
    calls: AnswerLayout.Calls, good: [String], bad: [String]
  ) throws {
    let constraint = try Self.constraint(AnswerLayout(calls: calls))
    for text in good { #expect(Self.admits(constraint, text), "\(text)") }
    for text in bad { #expect(!Self.admits(constraint, text), "\(text)") }
  }

  @Test func `Harmony's thoughts are free, its answer and its calls are not`() throws {
    let layout = AnswerLayout(
      channels: .init(start: 256, channel: 257, message: 258, constrain: 259, end: 260))
    let thought = "‹1›analysis‹2›hm {\"‹4›‹0›assistant"
    let answer = try Self.constraint(layout, .jsonObject, nil)
    for text in [thought + "‹1›final‹2›{}", "‹1›final ‹3›json‹2›{\"a\":1}"] {
      #expect(Self.admits(answer, text), "\(text)")
    }
    for text in [thought, thought + "‹1›final‹2›hm", "{}", "‹1›commentary to=functions.f‹2›{}"] {
      #expect(!Self.admits(answer, text), "\(text)")
    }
    let calls = try Self.constraint(layout)
    for text in [
      thought + " to=functions.f‹1›commentary ‹3›json‹2›{\"x\":1}",
      "‹1›commentary to=functions.g‹2›{}",
    ] { #expect(Self.admits(calls, text), "\(text)") }
    #expect(!Self.admits(calls, "‹1›commentary to=functions.f‹2›{}"))
    #expect(!Self.admits(calls, "‹1›final‹2›hm"))
  }

  @Test func `a thought ends once, and what comes after it is held to the content`() throws {
    let thought = AnswerLayout.Thought(
      open: .text("<think>"), close: .text("</think>"), hasBegun: false)
    let constraint = try Self.constraint(AnswerLayout(thought: thought), .choice(["no"]), nil)
    for text in ["no", "<think>yes </thin</think>no", "<think></think>\n\nno"] {
      #expect(Self.admits(constraint, text), "\(text)")
    }
    for text in ["yes", "<think>no", "<think>a</think>b</think>no"] {
      #expect(!Self.admits(constraint, text), "\(text)")
    }
  }

  @Test func `where calls may be left out, text holds no mark of one`() throws {
    let calls = AnswerCalls(tools: Self.tools.tools, areNeeded: false, areParallel: false)
    let constraint = try Self.constraint(
      AnswerLayout(calls: .tagged(open: .text("<c>"), close: .text("</c>"))), .text, calls)
    let call = #"<c>{"name":"f","arguments":{"x":1}}</c>"#
    for text in ["", "Hi < there", "Well: " + call] {
      #expect(Self.admits(constraint, text), "\(text)")
    }
    for text in ["<c>", call + call, "<c>Hi</c>"] {
      #expect(!Self.admits(constraint, text), "\(text)")
    }
  }

  @Test(arguments: [
    ("root ::= item+\nitem ::= \"- \" [^\\n]+ \"\\n\"", ["- a\n- b c\n"], ["", "- \n", "a"]),
    (
      "# a comment\nroot ::= (\"a\" |\n  \"b\"){2,3} end?\nend ::= [x-z\\x41]",
      ["ab", "aabx", "bbA"], ["a", "abab"]
    ),
    ("root ::= \"(\" root? \")\"", ["()", "((()))"], ["(", "())"]),
    ("root ::= \"\\u00e9\" . ", ["éé"], ["é"]),
  ]) func `grammars of llama.cpp are read`(grammar: String, good: [String], bad: [String]) throws {
    let constraint = try Self.constraint(AnswerLayout(), .grammar(grammar), nil)
    for text in good { #expect(Self.admits(constraint, text), "\(text)") }
    for text in bad { #expect(!Self.admits(constraint, text), "\(text)") }
  }

  @Test(arguments: [
    "", "root = \"a\"", "root ::= a", "root ::= root \"a\" | \"b\"", "root ::= \"a", "root ::= [a",
    "root ::= (\"a\"", "root ::= \"a\"\nroot ::= \"b\"", "root ::= \"a\"{3,2}", "root ::= \"\\q\"",
    "root ::= a\na ::= b \"x\"\nb ::= \"\" a", "root ::= a\na ::= \"x\" a",
  ]) func `a grammar that is none is refused`(grammar: String) {
    #expect(throws: ConstraintError.self) {
      _ = try Self.constraint(AnswerLayout(), .grammar(grammar), nil)
    }
  }
}
