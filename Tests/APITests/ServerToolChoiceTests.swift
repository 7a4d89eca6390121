import JSON
import TestKit
import Testing

@testable import API

/// Calls that must be made, in the way of each template family.
@Suite(.ownThreads, .timeLimit(.minutes(20))) struct ServerToolChoiceTests {
  private static let tools =
    #""tools":[{"type":"function","function":{"name":"weather","parameters":{"type":"object","properties":{"city":{"type":"string","maxLength":6},"days":{"type":"integer","minimum":1,"maximum":7}},"required":["city","days"]}}},{"type":"function","function":{"name":"now","parameters":{"type":"object","properties":{}}}}]"#
  private static let body =
    #"{\#(ServerKit.france),"max_tokens":200,"temperature":1.5,"top_p":1,\#(tools)"#

  /// Templates that show a family's marks, and the tools.
  static let families = [
    "{# <tool_call> {{ tools }} #}", "{# [TOOL_CALLS] {{ tools }} #}",
    "{# <|tool_call|> {{ tools }} #}", "{# <|python_tag|> parameters {{ tools }} #}",
    "{# </think> <tool_call> {{ tools }} #}",
  ]

  private static func kit(_ family: String) async throws -> ServerKit {
    try await TemplateKit.kit("{{ tools }}" + TemplateKit.plain + family)
  }

  private static func fits(_ call: JSONValue) -> Bool {
    let function = call["function"]
    guard let text = function?["arguments"]?.string,
      let arguments = try? JSONValue(parsing: Array(text.utf8))
    else { return false }
    guard function?["name"]?.string == "weather" else {
      return function?["name"]?.string == "now" && arguments.members?.isEmpty == true
    }
    return arguments.members?.map(\.name) == ["city", "days"]
      && (arguments["city"]?.string?.unicodeScalars.count ?? 99) <= 6
      && (1...7).contains(arguments["days"]?.integer ?? 0)
  }

  @Test(arguments: families) func `a call is made, and its arguments fit`(family: String)
    async throws
  {
    let kit = try await Self.kit(family)
    for seed in 0..<3 {
      let body = Self.body + #","seed":\#(seed)"#
      let answer = try await kit.json(
        "POST", ServerConstraintTests.chat, body + #","tool_choice":"required"}"#)
      let choice = try #require(answer["choices"]?.array?.first, "\(answer)")
      guard choice["finish_reason"]?.string != "length" else { continue }
      let calls = try #require(choice["message"]?["tool_calls"]?.array, "\(answer)")
      #expect(!calls.isEmpty && calls.allSatisfy(Self.fits), "\(answer)")
      #expect(choice["finish_reason"]?.string == "tool_calls")
      let named = try await kit.json(
        "POST", ServerConstraintTests.chat,
        body
          + #","parallel_tool_calls":false,"tool_choice":{"type":"function","function":{"name":"weather"}}}"#
      )
      let one = named["choices"]?.array?.first
      guard one?["finish_reason"]?.string != "length" else { continue }
      let made = one?["message"]?["tool_calls"]?.array ?? []
      #expect(made.count == 1 && made.allSatisfy(Self.fits), "\(named)")
      #expect(made.first?["function"]?["name"]?.string == "weather")
    }
  }

  @Test(arguments: families)
  func `where the model may choose, calls of strict functions fit`(family: String) async throws {
    let kit = try await Self.kit(family)
    let strict = Self.body.replacing(
      #""name":"weather","#, with: #""name":"weather","strict":true,"#)
    let answer = try await kit.json(
      "POST", ServerConstraintTests.chat, strict + #","parallel_tool_calls":false}"#)
    let choice = try #require(answer["choices"]?.array?.first, "\(answer)")
    let calls = choice["message"]?["tool_calls"]?.array ?? []
    #expect(calls.count <= 1)
    guard choice["finish_reason"]?.string == "tool_calls" else { return }
    #expect(calls.allSatisfy { $0["function"]?["name"]?.string == "now" || Self.fits($0) })
  }

  @Test func `what can't be called is refused`() async throws {
    let kit = try await Self.kit(Self.families[0])
    for (more, field) in [
      (#","tool_choice":{"type":"function","function":{"name":"fly"}}"#, "tool_choice"),
      (#","tool_choice":"perhaps""#, "tool_choice"),
    ] {
      let refused = try await kit.json("POST", ServerConstraintTests.chat, Self.body + more + "}")
      #expect(refused["details"]?["field"]?.string == field, "\(refused)")
    }
    let none = try await kit.json(
      "POST", ServerConstraintTests.chat, #"{\#(ServerKit.france),"tool_choice":"required"}"#)
    #expect(none["code"]?.string == "conflicting_fields")
    let bad = Self.body.replacing(#""properties":{}"#, with: #""not":{}"#)
    let refused = try await kit.json(
      "POST", ServerConstraintTests.chat, bad + #","tool_choice":"required"}"#)
    #expect(
      refused["details"]?["field"]?.string == "tools[1].function.parameters.not", "\(refused)")
    let plain = try await TemplateKit.kit("{{ tools }}" + TemplateKit.plain)
    let unknown = try await plain.json(
      "POST", ServerConstraintTests.chat, Self.body + #","tool_choice":"required"}"#)
    #expect(unknown["details"]?["field"]?.string == "tool_choice", "\(unknown)")
  }

  @Test func `what is said after a thought is held to the schema, the thought is not`() async throws
  {
    let kit = try await TemplateKit.kit(
      TemplateKit.plain
        + "{% if add_generation_prompt %}{{ '<think>\\n' }}{% endif %}{# </think> #}")
    let answer = try await kit.json(
      "POST", ServerConstraintTests.chat,
      #"{\#(ServerKit.france),"max_tokens":300,"temperature":1.5,"top_p":1,"guided_choice":["yes","no"]}"#
    )
    let choice = try #require(answer["choices"]?.array?.first, "\(answer)")
    let said = choice["message"]?["content"]?.string ?? ""
    #expect(
      choice["finish_reason"]?.string == "stop" ? ["yes", "no"].contains(said) : said.isEmpty)
  }
}
