import JSON
import TestKit
import Testing
import Tokenizers

@testable import API
@testable import Runs

/// `/v1/responses`: its conversations, its items and its events.
@Suite(.timeLimit(.minutes(20))) struct ServerResponseTests {
  private func request(_ json: JSONValue) throws -> ResponseRequest {
    try ResponseRequest(Fields(json))
  }

  @Test func `calls, their answers and thoughts come into the messages where they belong`() throws {
    func call(_ id: String) -> JSONValue {
      ["type": "function_call", "call_id": .string(id), "name": "f", "arguments": "{}"]
    }
    let chat = try request([
      "instructions": "I",
      "input": [
        ["role": "user", "content": "q"],
        [
          "type": "reasoning", "summary": [],
          "content": [["type": "reasoning_text", "text": "hm"]],
        ],
        call("a"), call("b"),
        ["type": "function_call_output", "call_id": "a", "output": "1"],
        ["type": "function_call_output", "call_id": "b", "output": [["text": "2"]]],
      ],
    ]).chat
    let messages = try MessageReader.messages(chat)
    #expect(messages.map(\.role) == ["system", "user", "assistant", "tool", "tool"])
    #expect(messages[2].toolCalls.map(\.id) == ["a", "b"])
    #expect(messages[2].reasoning == "hm")
    #expect(messages[4].content == "2")
  }

  @Test(
    arguments: [
      (["input": [["role": "king", "content": "a"]]], "input[0].role"),
      (["input": [["role": "user"]]], "input[0].content"),
      (
        ["input": [["role": "user", "content": [["type": "input_image"]]]]],
        "input[0].content[0].type"
      ),
      (["input": [["type": "computer_call"]]], "input[0].type"), (["input": []], "input"),
      (["input": [["type": "function_call", "call_id": "a"]]], "input[0].name"),
      (["input": "a", "tools": [["type": "web_search"]]], "tools[0].type"),
      (
        ["input": "a", "tools": [["type": "function", "name": "f", "strict": 1]]],
        "tools[0].strict"
      ),
      ([:], "input"),
      (["input": "a", "max_output_tokens": 0], "max_output_tokens"),
      (["input": "a", "max_output_tokens": -2], "max_output_tokens"),
      (["input": "a", "max_output_tokens": "3"], "max_output_tokens"),
      (["input": "a", "reasoning": ["effort": "much"]], "reasoning.effort"),
    ] as [(JSONValue, String)])
  func `what is no conversation is refused by its place`(body: JSONValue, field: String)
    async throws
  {
    let json = try await ServerKit.shared().json("POST", "/v1/responses", body.json(.compact))
    #expect(json["details"]?["field"]?.string == field, "\(json)")
  }

  @Test func `each item begins, grows and is done before the next, and the last event has all`()
    throws
  {
    let dialect = ResponseDialect(
      id: "resp_x", created: 0, model: "m", request: try Fields(["input": "a"]),
      sampling: SamplingRequest())
    var stream = ResponseStream(dialect)
    var events = stream.begin()
    let calls = [ToolCall(id: "c", name: "f", arguments: #"{"a":1}"#)]
    var choice = CompletionDialect.Choice()
    (choice.reasoning, choice.content, choice.toolCalls) = ("hm so", "Yes.", calls)
    func delta(_ reasoning: String, _ content: String, _ call: ToolCallDelta? = nil) -> ChatDelta {
      var delta = ChatDelta()
      (delta.reasoning, delta.content) = (reasoning, content)
      delta.toolCalls = call.map { [$0] } ?? []
      return delta
    }
    for one in [
      delta("hm", ""), delta(" so", "Y"), delta("", "es."),
      delta("", "", ToolCallDelta(index: 0, name: "f", arguments: "")),
      delta("", "", ToolCallDelta(index: 0, name: nil, arguments: #"{"a":1}"#)),
    ] { events += stream.append(one, calls: calls) }
    events += stream.finish(choice, failure: nil)
    #expect(
      events.compactMap { $0["sequence_number"]?.integer } == (0..<Int64(events.count)).map { $0 })
    let done = events.filter { $0["type"]?.string == "response.output_item.done" }
    #expect(
      done.compactMap { $0["item"]?["type"]?.string } == ["reasoning", "message", "function_call"])
    #expect(.array(done.map { $0["item"] ?? .null }) == events.last?["response"]?["output"])
    #expect(events.last?["type"]?.string == "response.completed")
    var open = 0
    for event in events {
      if event["type"]?.string == "response.output_item.added" { open += 1 }
      if event["type"]?.string == "response.output_item.done" { open -= 1 }
      #expect((0...1).contains(open))
    }
    #expect(open == 0)
  }
}
