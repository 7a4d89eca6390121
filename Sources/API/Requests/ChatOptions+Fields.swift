internal import JSON
internal import Tokenizers

extension ChatOptions {
  /// Reads what besides the messages decides a prompt.
  ///
  /// - Parameter time: seconds since 1970, for templates that print the date.
  init(_ fields: Fields, time: Int64) throws(Refusal) {
    let continues = try fields.bool("continue_final_message") ?? false
    let adds = try fields.bool("add_generation_prompt")
    if continues, adds == true {
      throw .conflict(
        fields: [fields.name("continue_final_message"), fields.name("add_generation_prompt")],
        reason: "the answer goes on with the last message or begins one of its own")
    }
    self.init(
      addGenerationPrompt: adds ?? !continues, tools: try Self.tools(fields),
      reasoningEffort: try fields.choice("reasoning_effort", Self.efforts),
      time: time, parseSpecial: try fields.bool("parse_special") ?? false,
      variables: try Self.variables(fields))
    continuesFinalMessage = continues
  }

  /// How much may be thought, as OpenAI's API calls it.
  static let efforts = ["low", "medium", "high"]

  /// What a template is given by other names.
  private static let ownNames = [
    "add_generation_prompt", "continue_final_message", "messages", "reasoning_effort", "tools",
  ]

  private static func variables(_ fields: Fields) throws(Refusal) -> [String: JSONValue] {
    guard let given = try fields.object("chat_template_kwargs") else { return [:] }
    var variables: [String: JSONValue] = [:]
    for member in given.value.members ?? [] {
      guard !ownNames.contains(member.name) else {
        throw .conflict(
          fields: [given.name(member.name), member.name],
          reason: "it is a member of the request itself")
      }
      variables[member.name] = member.value
    }
    return variables
  }

  /// Functions, as the model's template prints them; whether they are held to their schemas is no part of that.
  private static func tools(_ fields: Fields) throws(Refusal) -> [JSONValue] {
    let tools = try fields.objects("tools") ?? []
    for tool in tools {
      _ = try tool.choice("type", ["function"])
      _ = try tool.object("function")?.bool("strict")
    }
    return tools.map { tool in
      JSONValue(
        members: (tool.value.members ?? []).map { member in
          guard member.name == "function", let inner = member.value.members else { return member }
          return .init(member.name, JSONValue(members: inner.filter { $0.name != "strict" }))
        })
    }
  }
}
