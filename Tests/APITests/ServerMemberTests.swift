import HTTP
import JSON
import TestKit
import Testing

@testable import API

/// No member of a request is ignored in silence.
@Suite(.ownThreads, .timeLimit(.minutes(60))) struct ServerMemberTests {
  private static let chat = #"{\#(ServerKit.france),"max_tokens":1"#
  private static let text = #"{"prompt":"Once","max_tokens":1"#

  @Test
  func `what OpenAI has and this server has not is refused by name, unless it asks for nothing`()
    async throws
  {
    let kit = try await ServerKit.shared()
    for (path, body, table) in [
      ("/v1/chat/completions", Self.chat, OpenAIMembers.chat),
      ("/v1/completions", Self.text, OpenAIMembers.completions),
    ] {
      for member in table {
        guard case .refused(_, let neutral) = member.use else { continue }
        let refused = try await kit.json("POST", path, body + Self.member(member.name, "[77]"))
        #expect(refused["code"]?.string == "unsupported_field", "\(member.name): \(refused)")
        #expect(refused["details"]?["field"]?.string == member.name)
        for value in neutral + [.null] {
          let response = try await kit.send(
            "POST", path, body + Self.member(member.name, value.json(.compact)))
          #expect(response.code == 200, "\(member.name): \(response.text)")
          #expect(try response.json["warnings"] == nil)
        }
      }
    }
  }

  /// The rest of a body with one more member, which may lie in another.
  private static func member(_ name: String, _ value: String) -> String {
    let parts = name.split(separator: ".")
    guard parts.count == 2 else { return #","\#(name)":\#(value)}"# }
    return #","\#(parts[0])":{"\#(parts[1])":\#(value)}}"#
  }

  @Test func `a name stands in a table once`() {
    for table in OpenAIMembers.endpoints.values {
      #expect(table.count == Set(table.map(\.name)).count)
    }
  }

  @Test func `what nobody knows passes on OpenAI's endpoints, with a warning in list and field`()
    async throws
  {
    let kit = try await ServerKit.shared()
    for (path, body) in [("/v1/chat/completions", Self.chat), ("/v1/completions", Self.text)] {
      let response = try await kit.send("POST", path, body + #","temprature":0,"flavour":1}"#)
      let warnings = [
        "temprature is not known and not used; did you mean temperature?",
        "flavour is not known and not used",
      ]
      #expect(response.code == 200)
      #expect(try response.json["warnings"]?.array == warnings.map { .string($0) })
      #expect(response["X-NeuroScope-Warnings"] == warnings.joined(separator: "; "))
      let stream = try await kit.send("POST", path, body + #","stream":true,"flavour":1}"#)
      #expect(stream["X-NeuroScope-Warnings"] == warnings[1])
    }
  }

  @Test func `on our own endpoints a misspelling is refused with what was meant, at any depth`()
    async throws
  {
    let kit = try await ServerKit.shared()
    let hook = #"{"layer_name":"transformer.h.5","component":"residual","position":"last"}"#
    for (path, body, field, nearest) in [
      ("/v1/runs", #"{"prompt":"Hi","max_token":3}"#, "max_token", "max_tokens"),
      (
        "/v1/runs", #"{"prompt":"Hi","activation_hooks":[\#(hook)]}"#,
        "activation_hooks[0].position", "activation_hooks[0].positions"
      ),
      (
        "/v1/activations/hooks", #"{"hooks":[\#(hook)]}"#, "hooks[0].position", "hooks[0].positions"
      ),
      ("/v1/tokenize", #"{"text":"Hi","parseSpecial":true}"#, "parseSpecial", "parse_special"),
      (
        "/v1/chat/completions/with_activations",
        Self.chat + #","activation_hooks":[\#(hook)]}"#, "activation_hooks[0].position",
        "activation_hooks[0].positions"
      ),
    ] {
      let json = try await kit.json("POST", path, body)
      #expect(json["code"]?.string == "unknown_field", "\(path): \(json)")
      #expect(json["error"]?.string == "\(field) is not known here; did you mean \(nearest)?")
      #expect(json["details"]?["nearest"]?.array == [.string(nearest)])
    }
    let other = try await kit.json("POST", "/v1/tokenize", #"{"text":"Hi","flavour":{"a":1}}"#)
    #expect(other["warnings"]?.array == ["flavour is not known and not used"])
  }

  @Test func `a strict server refuses all, and long names are told in part`() async throws {
    let kit = try await ServerKit { $0.isStrict = true }
    for (path, body) in [
      ("/v1/chat/completions", Self.chat), ("/v1/completions", Self.text),
      ("/v1/tokenize", #"{"text":"Hi""#),
    ] {
      let json = try await kit.json("POST", path, body + #","flavour":1}"#)
      #expect(json["error"]?.string == "flavour is not known here")
      let long = String(repeating: "y", count: 5000)
      let answer = try await kit.json("POST", path, body + #","\#(long)":1}"#)
      #expect((answer["error"]?.string?.utf8.count ?? 9999) < 200)
    }
  }

  @Test func `members that none knows are told up to a number`() async throws {
    let kit = try await ServerKit.shared()
    let many = (0..<500).map { #","é\#($0)q":1"# }.joined()
    let response = try await kit.send("POST", "/v1/completions", Self.text + many + "}")
    let warnings = try #require(try response.json["warnings"]?.array)
    #expect(warnings.count == 21)
    #expect(warnings.last?.string == "and 480 more")
    #expect(
      response["X-NeuroScope-Warnings"]?.utf8.allSatisfy { (0x20..<0x7f).contains($0) } == true)
  }

  @Test func `tools of another kind are refused`() async throws {
    let kit = try await ServerKit.shared()
    let custom = try await kit.json(
      "POST", "/v1/chat/completions", Self.chat + #","tools":[{"type":"custom"}]}"#)
    #expect(custom["details"]?["field"]?.string == "tools[0].type")
  }

  @Test func `every place of the described members is read`() {
    let tree = MemberTree.all["POST /v1/runs"]
    #expect(tree?.places[""]?.contains("activation_hooks") == true)
    #expect(tree?.places["activation_hooks[]"]?.contains("positions") == true)
    #expect(tree?.places["tools[]"] == nil)
  }
}
