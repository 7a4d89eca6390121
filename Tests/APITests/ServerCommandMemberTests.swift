import HTTP
import HTTPTypes
import JSON
import TestKit
import Testing

@testable import API

/// What a body of REST may not have, a command of a socket and a scenario may not have either.
@Suite(.ownThreads, .timeLimit(.minutes(60))) struct ServerCommandMemberTests {
  private func reply(_ socket: WebSocketTestClient, _ text: String) async throws -> JSONValue {
    await socket.send(text: text)
    var frames: [[UInt8]] = []
    while let message = try await socket.message(frames: &frames) {
      if message["type"]?.string == "reply" { return message }
    }
    throw CancellationError()
  }

  /// The name with a letter in its middle left out.
  private func misspelled(_ name: String) -> String {
    var letters = Array(name)
    letters.remove(at: letters.count / 2)
    return String(letters)
  }

  @Test(arguments: SocketCommand.all.map(\.name))
  func `a command refuses a misspelling of every member that it knows`(name: String) async throws {
    let kit = try await ServerKit.shared()
    let socket = try await WebSocketTestClient(kit)
    let command = try #require(SocketCommand.all.first { $0.name == name })
    let known = command.members.places[""] ?? []
    #expect(known.isSuperset(of: ["id", "command"]))
    for member in known.sorted() where member.count >= 5 && member != "command" {
      let wrong = misspelled(member)
      guard !known.contains(wrong) else { continue }
      let reply = try await reply(
        socket, #"{"id":7,"command":"\#(name)","run_id":"run_absent","\#(wrong)":1}"#)
      #expect(reply["id"]?.integer == 7 && reply["ok"]?.bool == false)
      // A name that is near to nothing else that is known is refused before anything is looked for.
      let isNamed = known.contains("run_id") || wrong != "run_id"
      #expect(!isNamed || reply["code"]?.string == "unknown_field", "\(wrong): \(reply)")
      #expect(reply["details"]?["field"]?.string == wrong)
      #expect(reply["details"]?["nearest"]?.array?.isEmpty == false, "\(wrong)")
    }
  }

  @Test func `every command of a run is described, and knows what its operation knows`() {
    for command in RunCommands.all {
      let operation = "\(command.method.rawValue) /v1/runs/{id}/\(command.path)"
      let described = MemberTree.all[operation]
      #expect(described != nil, "\(operation)")
      let known = SocketCommand.all.first { $0.name == command.name }?.members.places ?? [:]
      for (place, names) in described?.places ?? [:] {
        #expect(known[place]?.isSuperset(of: names) == true, "\(operation) \(place)")
      }
      let parameters = (described?.parameters ?? []).subtracting(["id"])
      #expect(known[""]?.isSuperset(of: parameters.union(["run_id"])) == true)
    }
    let start = SocketCommand.all.first { $0.name == "start" }?.members.places
    for (place, names) in MemberTree.of("POST /v1/runs").places {
      #expect(start?[place]?.isSuperset(of: names) == true, "\(place)")
    }
  }

  @Test func `what the schema of commands names is known to them`() throws {
    let installation = Installation(roots: [TestModels.root])
    let schema = try JSONValue(
      parsing: try #require(
        installation.contents(installation.protocolFile("schemas/command.json"))))
    for branch in schema["oneOf"]?.array ?? [] {
      let properties = branch["properties"]
      let name = properties?["command"]
      for name in (name?["enum"]?.array ?? [name?["const"] ?? .null]).compactMap(\.string) {
        let known = SocketCommand.all.first { $0.name == name }?.members.places[""] ?? []
        #expect(known.isSuperset(of: (properties?.members ?? []).map(\.name)), "\(name)")
      }
    }
  }

  @Test func `inner members are held to the same, and what nobody knows is told in the reply`()
    async throws
  {
    let kit = try await ServerKit.shared()
    let socket = try await WebSocketTestClient(kit)
    let hook = #"{"layer_name":"transformer.h.5","component":"residual","position":"last"}"#
    for (text, field) in [
      (
        #"{"command":"start","prompt":"Hi","activation_hooks":[\#(hook)]}"#,
        "activation_hooks[0].position"
      ),
      (#"{"command":"hooks","run_id":"x","add":[\#(hook)]}"#, "add[0].position"),
      (
        #"{"command":"intervene","run_id":"x","intervention":{"layer_names":"a"}}"#,
        "intervention.layer_names"
      ),
      (
        #"{"command":"fork","run_id":"x","interventions":[{"kinds":"a"}]}"#,
        "interventions[0].kinds"
      ),
    ] {
      let reply = try await reply(socket, text)
      #expect(reply["code"]?.string == "unknown_field", "\(reply)")
      #expect(reply["details"]?["field"]?.string == field)
    }
    let told = try await reply(socket, #"{"command":"ping","flavour":1}"#)
    #expect(told["ok"]?.bool == true)
    #expect(told["warnings"]?.array == ["flavour is not known and not used"])
    #expect(try await reply(socket, #"{"command":"ping"}"#)["warnings"] == nil)
    let strictKit = try await ServerKit { $0.isStrict = true }
    let strict = try await WebSocketTestClient(strictKit)
    let refused = try await reply(strict, #"{"command":"ping","flavour":1}"#)
    #expect(refused["error"]?.string == "flavour is not known here")
    #expect(!strictKit.server.addresses.isEmpty)
  }

  @Test func `a scenario's changes are held to the members of a run`() async throws {
    let kit = try await ServerKit.shared()
    let path = "/v1/scenarios/basic_check/run"
    let wrong = try await kit.json("POST", path, #"{"max_token":1}"#)
    #expect(wrong["details"]?["nearest"]?.array == ["max_tokens"])
    let inner = try await kit.json(
      "POST", path,
      #"{"activation_hooks":[{"layer_name":"transformer.h.5","component":"residual","position":0}]}"#
    )
    #expect(inner["details"]?["field"]?.string == "activation_hooks[0].position")
    let told = try await kit.json(
      "POST", path,
      #"{"max_tokens":1,"detach":true,"hook_configuration":"mlp_analysis","flavour":1}"#)
    #expect(told["run_id"]?.string != nil)
    #expect(told["warnings"]?.array == ["flavour is not known and not used"])
  }

  @Test func `thousands of unknown members are refused, or counted, without looking for each`()
    async throws
  {
    let kit = try await ServerKit.shared()
    func body(_ begin: String, _ count: Int) -> String {
      begin + (0..<count).map { #","é\#($0)ééééq":1"# }.joined() + "}"
    }
    let most = MemberCheck.mostUnknown
    let own = #"{"text":"Hi""#
    let told = try await kit.json("POST", "/v1/tokenize", body(own, most))
    #expect(told["warnings"]?.array?.last?.string == "and \(most - 20) more")
    for count in [most + 1, 50_000] {
      let refused = try await kit.json("POST", "/v1/tokenize", body(own, count))
      #expect(refused["code"]?.string == "unknown_field")
      #expect(refused["details"]?["field"]?.string == "é\(most)ééééq")
    }
    let passed = try await kit.json(
      "POST", "/v1/completions", body(#"{"prompt":"Hi","max_tokens":1"#, 50_000))
    #expect(passed["warnings"]?.array?.last?.string == "and 49980 more")
  }

  @Test func `stop strings that can't cut JSON are told wherever both are taken`() async throws {
    let kit = try await ServerKit.shared()
    let schema =
      #"{"type":"object","properties":{"a":{"type":"integer","minimum":0,"maximum":9}},"required":["a"],"additionalProperties":false}"#
    let format = #"{"type":"json_schema","json_schema":{"name":"a","schema":\#(schema)}}"#
    let told =
      "stop is not used, since response_format.json_schema.schema ends the answer where its JSON is whole"
    for (path, body) in [
      ("/v1/chat/completions", #"{\#(ServerKit.france),"response_format":\#(format),"stop":"a"}"#),
      ("/v1/completions", #"{"prompt":["Hi","Ho"],"response_format":\#(format),"stop":"a"}"#),
      ("/v1/runs", #"{"prompt":"Hi","response_format":\#(format),"stop":"a","detach":true}"#),
      (
        "/v1/scenarios/basic_check/run", #"{"response_format":\#(format),"stop":"a","detach":true}"#
      ),
    ] {
      let answer = try await kit.send("POST", path, body)
      #expect((200..<300).contains(answer.code), "\(answer.text)")
      #expect(try answer.json["warnings"]?.array == [.string(told)], "\(path): \(answer.text)")
      #expect(answer["X-NeuroScope-Warnings"] == told)
    }
    let response = try await kit.json(
      "POST", "/v1/responses",
      #"{"input":"Hi","stop":"a","text":{"format":{"type":"json_schema","name":"a","schema":\#(schema)}}}"#
    )
    #expect(response["warnings"]?.array?.count == 1)
    #expect(response["warnings"]?.array?.first?.string?.hasPrefix("stop is not used") == true)
    let socket = try await WebSocketTestClient(kit)
    let reply = try await reply(
      socket,
      #"{"command":"start","prompt":"Hi","response_format":\#(format),"stop":"a","subscribe":false,"detach":true}"#
    )
    #expect(reply["warnings"]?.array == [.string(told)], "\(reply)")
  }
}
