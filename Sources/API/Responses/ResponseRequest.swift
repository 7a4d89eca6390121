internal import JSON
internal import Runs
internal import Tokenizers

/// A body of `/v1/responses`, as the chat request that means the same.
///
/// Nothing is kept between requests: a conversation is sent whole, as the items that it consists of.
struct ResponseRequest: Sendable {
  /// The body itself, of which parts are told again in the answer.
  let fields: Fields
  /// The same as chat completions would have it.
  let chat: Fields

  init(_ fields: Fields) throws(Refusal) {
    self.fields = fields
    try fields.refuseUnimplemented(OpenAIMembers.responses)
    _ = try fields.object("text")
    // The answer repeats them.
    let labels = try fields.object("metadata")
    for member in labels?.value.members ?? [] { _ = try labels?.string(member.name) }
    var messages: [JSONValue] = []
    if let text = try fields.string("instructions") {
      messages.append(["role": "system", "content": .string(text)])
    }
    messages += try Self.messages(fields)
    var members: [JSONValue.Member] = [.init("messages", .array(messages))]
    for member in fields.value.members ?? [] where Self.shared.contains(member.name) {
      members.append(member)
    }
    // What is wrong is named as it is called here, so it is looked at before it has another name.
    if let length = try SamplingRequest.length(fields, "max_output_tokens", least: 1) {
      members.append(.init("max_completion_tokens", .integer(Int64(length))))
    }
    if let effort = try fields.object("reasoning")?.choice("effort", ChatOptions.efforts) {
      members.append(.init("reasoning_effort", .string(effort)))
    }
    let tools = try Self.tools(fields)
    if !tools.isEmpty { members.append(.init("tools", .array(tools))) }
    chat = try Fields(JSONValue(members: members))
  }

  /// Members that mean the same in both.
  private static let shared: Set<String> = [
    "model", "temperature", "top_p", "top_k", "min_p", "repetition_penalty", "presence_penalty",
    "frequency_penalty", "seed", "stop", "logit_bias", "ignore_eos", "use_model_sampling",
    "parse_special", "tool_choice", "parallel_tool_calls", "chat_template_kwargs",
  ]

  private static func messages(_ fields: Fields) throws(Refusal) -> [JSONValue] {
    guard let input = fields["input"] else { throw .missing(field: "input") }
    if let text = input.string { return [["role": "user", "content": .string(text)]] }
    guard input.array != nil else {
      throw fields.wrong("input", "a string or an array of items", input)
    }
    var items = ResponseItems()
    for item in try fields.objects("input") ?? [] { try items.append(item) }
    guard !items.messages.isEmpty else {
      throw .outOfRange(field: "input", found: "no message", allowed: "at least one message")
    }
    return items.messages
  }

  /// Functions, whose members stand here beside the type.
  private static func tools(_ fields: Fields) throws(Refusal) -> [JSONValue] {
    var tools: [JSONValue] = []
    for tool in try fields.objects("tools") ?? [] {
      guard try tool.choice("type", ["function"]) != nil else {
        throw .missing(field: tool.name("type"))
      }
      guard try tool.string("name") != nil else { throw .missing(field: tool.name("name")) }
      _ = try tool.bool("strict")
      let function = (tool.value.members ?? []).filter {
        ["name", "description", "parameters", "strict"].contains($0.name)
      }
      tools.append(["type": "function", "function": JSONValue(members: function)])
    }
    return tools
  }
}

/// Items of a conversation on their way into messages.
struct ResponseItems {
  private(set) var messages: [JSONValue] = []
  /// A thought whose answer comes next.
  private var thought: String?
  private var calls: [JSONValue] = []

  mutating func append(_ item: Fields) throws(Refusal) {
    let kinds = ["message", "function_call", "function_call_output", "reasoning"]
    switch try item.choice("type", kinds) ?? "message" {
    case "function_call": try appendCall(item)
    case "function_call_output":
      let output = try Self.text(item, "output")
      guard let id = try item.string("call_id") else {
        throw .missing(field: item.name("call_id"))
      }
      append(["role": "tool", "tool_call_id": .string(id), "content": .string(output)])
    case "reasoning":
      var text = ""
      for part in try item.objects("content") ?? [] { text += try part.string("text") ?? "" }
      thought = text.isEmpty ? nil : text
    default: try appendMessage(item)
    }
  }

  private mutating func append(_ message: JSONValue) {
    calls = []
    messages.append(message)
  }

  private mutating func appendMessage(_ item: Fields) throws(Refusal) {
    let roles = ["user", "assistant", "system", "developer"]
    guard let role = try item.choice("role", roles) else {
      throw .missing(field: item.name("role"))
    }
    var members: [JSONValue.Member] = [
      .init("role", .string(role)), .init("content", .string(try Self.text(item, "content"))),
    ]
    if role == "assistant", let thought {
      members.append(.init("reasoning_content", .string(thought)))
      self.thought = nil
    }
    append(JSONValue(members: members))
  }

  /// Calls one behind the other are of one message.
  private mutating func appendCall(_ item: Fields) throws(Refusal) {
    var values: [String] = []
    for name in ["call_id", "name", "arguments"] {
      guard let text = try item.string(name) else { throw .missing(field: item.name(name)) }
      values.append(text)
    }
    calls.append([
      "id": .string(values[0]), "type": "function",
      "function": ["name": .string(values[1]), "arguments": .string(values[2])],
    ])
    if calls.count > 1 { messages.removeLast() }
    var members: [JSONValue.Member] = [
      .init("role", "assistant"), .init("tool_calls", .array(calls)),
    ]
    if let thought { members.append(.init("reasoning_content", .string(thought))) }
    messages.append(JSONValue(members: members))
  }

  /// A string, or parts of which each is text.
  private static func text(_ item: Fields, _ member: String) throws(Refusal) -> String {
    guard let value = item[member] else { throw .missing(field: item.name(member)) }
    if let text = value.string { return text }
    guard value.array != nil else {
      throw item.wrong(member, "a string or an array of text parts", value)
    }
    var text = ""
    for part in try item.objects(member) ?? [] {
      _ = try part.choice("type", ["input_text", "output_text", "text"])
      guard let piece = try part.string("text") else { throw .missing(field: part.name("text")) }
      text += piece
    }
    return text
  }
}
