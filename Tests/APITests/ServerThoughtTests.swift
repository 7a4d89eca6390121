import Foundation
import JSON
import TestKit
import Testing
import Tokenizers

@testable import API
@testable import Engine

/// Models whose template knows of thoughts and calls: the bundled one with another template.
@Suite(.timeLimit(.minutes(20))) struct ServerThoughtTests {
  private static let plain = TemplateKit.plain

  private func kit(_ template: String) async throws -> ServerKit {
    try await TemplateKit.kit(template)
  }

  private static let path = "/v1/chat/completions"
  private static let body =
    #"{\#(ServerKit.france),"temperature":0,"max_tokens":16,"logprobs":true,"top_logprobs":1"#

  @Test func `an answer without marks is the same to the letter, and so are its stops`()
    async throws
  {
    let own = try await ServerKit.shared()
    let other = try await kit(Self.plain + "{# </think> <tool_call> {{ tools }} #}")
    for stop in ["", #","stop":[" of"]"#, #","stop":["is P","zz"]"#, #","stop":"e""#] {
      let expected = try await own.json("POST", Self.path, Self.body + stop + "}")
      let found = try await other.json("POST", Self.path, Self.body + stop + "}")
      #expect(found["choices"] == expected["choices"], "\(stop)")
      #expect(found["usage"]?["completion_tokens"] == expected["usage"]?["completion_tokens"])
      let stream = try await other.send("POST", Self.path, Self.body + stop + #","stream":true}"#)
      let chunks = try TestEvent.read(stream.text)
      let text = chunks.compactMap {
        $0.json["choices"]?.array?.first?["delta"]?["content"]?.string
      }.joined()
      let choice = expected["choices"]?.array?.first
      #expect(text == choice?["message"]?["content"]?.string)
      let reasons = chunks.compactMap { $0.json["choices"]?.array?.first?["finish_reason"]?.string }
      #expect(reasons == [choice?["finish_reason"]?.string])
    }
  }

  @Test func `what the prompt began to think is a thought, in which no stop string ends anything`()
    async throws
  {
    let kit = try await kit(
      Self.plain + "{% if add_generation_prompt %}{{ '<think>\\n' }}{% endif %}{# </think> #}")
    let whole = try await kit.json("POST", Self.path, Self.body + #","stop":["a","e"," "]}"#)
    let choice = try #require(whole["choices"]?.array?.first, "\(whole)")
    #expect(choice["message"]?["content"]?.string == "")
    let thought = try #require(choice["message"]?["reasoning_content"]?.string)
    #expect(thought.contains("e"))
    // No token of a thought is among those of the answer.
    #expect(choice["logprobs"]?["content"]?.array?.isEmpty == true)
    let stream = try await kit.send("POST", Self.path, Self.body + #","stream":true}"#)
    let streamed = try TestEvent.read(stream.text).compactMap {
      $0.json["choices"]?.array?.first?["delta"]?["reasoning_content"]?.string
    }.joined()
    #expect(streamed == thought)
  }

  @Test func `variables of a template reach it, and what it does not read is refused by name`()
    async throws
  {
    let kit = try await kit(
      Self.plain
        + "{% if enable_thinking is defined and not enable_thinking %}{{ 'NO' }}{% endif %}")
    func prompt(_ more: String) async throws -> JSONValue {
      try await kit.json("POST", "/v1/apply_template", "{\(ServerKit.france)\(more)}")
    }
    let with = try await prompt(#","chat_template_kwargs":{"enable_thinking":false}"#)
    #expect(with["prompt"]?.string?.hasSuffix("NO") == true)
    for (more, field) in [
      (#","chat_template_kwargs":{"flavour":1}"#, "chat_template_kwargs.flavour"),
      (#","reasoning_effort":"high""#, "reasoning_effort"),
    ] {
      let refused = try await prompt(more)
      #expect(refused["code"]?.string == "unsupported_field")
      #expect(refused["details"]?["field"]?.string == field)
    }
    let own = try await prompt(#","chat_template_kwargs":{"messages":[]}"#)
    #expect(own["code"]?.string == "conflicting_fields")
  }

  @Test func `an answer goes on with the last message where that is asked for`() async throws {
    let kit = try await ServerKit.shared()
    let messages =
      #""messages":[{"role":"user","content":"Hi Hi"},{"role":"assistant","content":" The capital Hi "}]"#
    let prompt = try await kit.json(
      "POST", "/v1/apply_template", #"{\#(messages),"continue_final_message":true}"#)
    #expect(prompt["prompt"]?.string?.hasSuffix("assistant\n The capital Hi") == true, "\(prompt)")
    let tokens = try await kit.json(
      "POST", "/v1/tokenize",
      (["text": prompt["prompt"] ?? .null] as JSONValue).json(.compact))
    #expect(prompt["tokens"] == tokens["tokens"])
    let both = try await kit.json(
      "POST", Self.path,
      #"{\#(messages),"continue_final_message":true,"add_generation_prompt":true}"#)
    #expect(both["code"]?.string == "conflicting_fields")
    let answer = try await kit.json(
      "POST", Self.path, #"{\#(messages),"continue_final_message":true,"max_tokens":2}"#)
    #expect(answer["choices"]?.array?.count == 1)
  }

  @Test func `calls are found among tokens, and none is offered where the choice is none`()
    async throws
  {
    let kit = try await kit(
      "{% if tools %}{{ tools | tojson }}<tool_call>{% endif %}" + Self.plain)
    let model = try #require(kit.server.service.engine.current)
    let format = try model.chat.get()
    let text = #"Sure. <tool_call>{"name": "f", "arguments": {"é": [1, 2]}}</tool_call>"#
    var options = ChatOptions()
    options.tools = [["type": "function", "function": ["name": "f"]]]
    let prompt = try format.render(
      [ChatMessage(role: "user", content: "Hi")], options: options)
    var parser = try #require(format.outputParser(options, prompt))
    var content = ""
    var arguments = ""
    for token in try model.tokenizer.tokens(of: text, field: "text") {
      let delta = parser.append(token)
      content += delta.content
      arguments += delta.toolCalls.map { $0.arguments }.joined()
    }
    content += parser.finish().content
    #expect(content == "Sure.")
    #expect(arguments == #"{"é": [1, 2]}"#)
    #expect(parser.sawToolCall)
    let tools = #","tools":[{"type":"function","function":{"name":"f"}}]"#
    let body = #"{\#(ServerKit.france),"temperature":0,"max_tokens":1"#
    let none = try await kit.json("POST", Self.path, body + tools + #","tool_choice":"none"}"#)
    let bare = try await kit.json("POST", Self.path, body + "}")
    let offered = try await kit.json("POST", Self.path, body + tools + "}")
    #expect(none["usage"]?["prompt_tokens"] == bare["usage"]?["prompt_tokens"])
    #expect(offered["usage"]?["prompt_tokens"] != bare["usage"]?["prompt_tokens"], "\(offered)")
  }
}
