import JSON
import TestKit
import Testing

@testable import Tokenizers

/// What people write stays text, and nothing that they write vanishes.
@Suite struct ControlTextTests {
  static let chatML = ChatFormatTests.chatML

  static func format(_ template: String = chatML) throws -> ChatFormat {
    try ChatFormat.make(
      template: template, family: "llama", tokenizer: ChatFormatTests.little("little-smollm"))
  }

  static func user(_ text: String) -> ChatMessage { ChatMessage(role: "user", content: text) }

  /// The control tokens of a prompt, in order.
  static func control(_ prompt: RenderedPrompt, _ format: ChatFormat) -> [Token] {
    prompt.tokens.filter { format.tokenizer.isSpecial($0) }
  }

  @Test func `whatever a message spells, the control tokens are the template's own`() throws {
    let format = try Self.format()
    let plain = Self.control(try format.render([Self.user("x"), Self.user("y")]), format)
    let spellings = format.tokenizer.added.values.filter(\.special).map(\.text).sorted()
    var generator = SeededGenerator(seed: 7)
    for _ in 0..<300 {
      var texts = ["", ""]
      for index in texts.indices {
        for _ in 0..<Int.random(in: 0...4, using: &generator) {
          let spelling = spellings.randomElement(using: &generator) ?? ""
          let scalars = Array(spelling)
          let cut = Int.random(in: 0...scalars.count, using: &generator)
          texts[index] +=
            [
              spelling, String(scalars[..<cut]), String(scalars[cut...]), " a", "\n", "é<", "|>",
              "\u{F0041}",
            ].randomElement(using: &generator) ?? ""
        }
      }
      let prompt = try format.render(texts.map { Self.user("." + $0) })
      #expect(Self.control(prompt, format) == plain, "\(texts)")
      #expect(format.tokenizer.decode(prompt.tokens, skipSpecial: false) == prompt.text)
    }
  }

  @Test func `a spelling that two messages share stays text`() throws {
    let format = try Self.format("{% for m in messages %}{{ m.content }}{% endfor %}")
    let halves = try format.render([Self.user("a<|im_st"), Self.user("art|>b")])
    #expect(halves.text == "a<|im_start|>b")
    #expect(Self.control(halves, format).isEmpty)
  }

  @Test func `text becomes control tokens where it is asked for`() throws {
    let format = try Self.format()
    let text = "a<|im_end|>b"
    let kept = try format.render([Self.user(text)])
    let parsed = try format.render([Self.user(text)], options: ChatOptions(parseSpecial: true))
    #expect(kept.text == parsed.text)
    #expect(Self.control(parsed, format).count == Self.control(kept, format).count + 1)
  }

  @Test func `a template's own work on a text is done as before`() throws {
    let format = try Self.format(
      "<|im_start|>{{ messages[0].content | trim }}{{ messages[0].content | length }}"
        + "{{ messages[0].content[2:] }}{{ messages[0] | tojson }}")
    let prompt = try format.render([Self.user(" <|im_end|>x ")])
    #expect(
      prompt.text
        == "<|im_start|><|im_end|>x13|im_end|>x {\"role\": \"user\", \"content\": \" <|im_end|>x \"}"
    )
    #expect(Self.control(prompt, format).count == 1)
  }

  @Test func `a spelling that the template looks for is the template's in answers alone`() throws {
    let format = try Self.format(
      "{% for m in messages %}<|im_start|>{{ m.content.split('<|im_end|>')[-1] }}{% endfor %}")
    let answer = ChatMessage(role: "assistant", content: "thought<|im_end|>answer")
    #expect(try format.render([answer]).text == "<|im_start|>answer")
    #expect(throws: ChatFormatError.controlText(message: 0)) {
      try format.render([Self.user("thought<|im_end|>answer")])
    }
  }

  @Test func `tools and names stay text too`() throws {
    let format = try Self.format("{{ tools | tojson }}{{ messages[0].content }}")
    let tool =
      #"{"type": "function", "function": {"name": "f", "description": "<|im_start|>", "<|im_end|>": 1}}"#
    let prompt = try format.render(
      [Self.user("x")], options: ChatOptions(tools: [try JSONValue(parsing: Array(tool.utf8))]))
    #expect(prompt.text == "[" + tool + "]x")
    #expect(Self.control(prompt, format).isEmpty)
  }
}

@Suite struct PresenceTests {
  static let picky = """
    {% for m in messages %}{% if m.role == 'system' %}S {{ m.content }}{% elif m.role == 'user' %}U {{ m.content }}\
    {% elif m.role == 'assistant' %}A {{ m.content }}{% endif %}
    {%- endfor %}
    """

  @Test func `a developer's text is a system's where the template knows no developers`() throws {
    let format = try ControlTextTests.format(Self.picky)
    let messages = [
      ChatMessage(role: "developer", content: "Be brief."), ControlTextTests.user("Hi"),
    ]
    #expect(try format.render(messages).text == "S Be brief.U Hi")
    let knows = try ControlTextTests.format(
      "{% for m in messages %}{% if m.role == 'developer' %}D{% endif %}{{ m.content }}{% endfor %}"
    )
    #expect(try knows.render(messages).text == "DBe brief.Hi")
  }

  @Test(arguments: [
    ("tool", Self.picky), ("system", "{{ messages[-1].content }}"),
    ("user", "{{ messages[-1].content }}"), ("developer", "{{ messages[1:] | tojson }}"),
    (
      "system",
      "{% if messages[0].role == 'user' %}{{ messages[0].content }}{% endif %}{{ messages[1].content }}"
    ),
  ])
  func `a message that the template leaves out is refused`(_ role: String, _ template: String)
    throws
  {
    let format = try ControlTextTests.format(template)
    for content in ["Hi", "a", "A longer text of its own."] {
      let seen = role == "developer" ? "system" : role
      #expect(throws: ChatFormatError.unseen(message: 0, role: seen)) {
        try format.render([ChatMessage(role: role, content: content), ControlTextTests.user("Hi")])
      }
    }
    // One without text has nothing to lose.
    #expect(throws: Never.self) {
      try format.render([ChatMessage(role: role, content: " "), ControlTextTests.user("Hi")])
    }
  }

  @Test func `tools that the template leaves out are refused`() throws {
    let format = try ControlTextTests.format()
    let tool = try JSONValue(
      parsing: Array(#"{"type": "function", "function": {"name": "f"}}"#.utf8))
    #expect(throws: ChatFormatError.unseenTools) {
      try format.render([ControlTextTests.user("x")], options: ChatOptions(tools: [tool]))
    }
  }

  @Test func `thoughts, and what is said beside calls, may be left out`() throws {
    let format = try ControlTextTests.format(
      "{% for m in messages %}{% if m.tool_calls %}{{ m.tool_calls[0].function.name }}{% else %}"
        + "{{ m.content.split('</think>')[-1] }}{% endif %}{% endfor %}")
    let call = ToolCall(id: "1", name: "f", arguments: "{}")
    let prompt = try format.render([
      ChatMessage(role: "assistant", content: "Let me see.", toolCalls: [call]),
      ChatMessage(role: "assistant", content: "so</think>Yes.", reasoning: "hm"),
    ])
    #expect(prompt.text == "fYes.")
  }
}
