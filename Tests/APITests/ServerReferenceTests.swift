import HTTP
@testable import Streams
import JSON
import Frames
import Hooks
import HTTPTypes
import TestKit
import Testing

@testable import API
@testable import Runs

/// The written interface against the one that answers.
@Suite(.timeLimit(.minutes(20))) struct ServerReferenceTests {
  private func document() throws -> ReferenceDocument {
    try ReferenceDocument(Installation(roots: [TestModels.root]))
  }

  @Test func `every route is described, and everything described is a route`() async throws {
    let kit = try await ServerKit.shared()
    let routes = Routes(kit.server.service).all.map { "\($0.method.rawValue) \($0.pattern)" }
    let described = try document().operations.map { "\($0.method) \($0.path)" }
    #expect(Set(routes) == Set(described))
    #expect(routes.count == Set(routes).count)
  }

  @Test func `every example is answered as described`() async throws {
    // One of its own, because an example loads a model.
    let kit = try await ServerKit()
    var count = 0
    for operation in try document().operations where !operation.path.contains("{id}") {
      guard let example = operation.example else { continue }
      let path = operation.parameters.filter { $0.place == .path }.reduce(operation.path) {
        $0.replacing("{\($1.name)}", with: $1.example?.string ?? "")
      }
      var writer = JSONWriter()
      writer.value(example)
      let body = String(decoding: writer.bytes, as: UTF8.self)
      let response = try await kit.send(operation.method, path, body)
      #expect((200..<300).contains(response.code), "\(path): \(response.text)")
      count += 1
    }
    #expect(count >= 11)
  }

  @Test func `schemas in files become part of the document, each once`() throws {
    let files: [String: JSONValue] = [
      "run": [
        "$schema": "x", "title": "Run",
        "properties": ["usage": ["$ref": "usage.json"], "own": ["$ref": "#/$defs/a"]],
      ],
      "usage": ["items": ["$ref": "run.json#/$defs/a"]],
    ]
    let document: JSONValue = [
      "a": ["$ref": "schemas/run.json"], "b": ["$ref": "#/components/responses/Error"],
      "components": ["responses": [:]],
    ]
    let bundled = try SchemaBundle.bundling(document) { name throws(Refusal) in
      guard let file = files[name] else { throw .fileMissing(name) }
      return file
    }
    let expected: JSONValue = [
      "a": ["$ref": "#/components/schemas/run"], "b": ["$ref": "#/components/responses/Error"],
      "components": [
        "responses": [:],
        "schemas": [
          "run": [
            "title": "Run",
            "properties": [
              "usage": ["$ref": "#/components/schemas/usage"],
              "own": ["$ref": "#/components/schemas/run/$defs/a"],
            ],
          ],
          "usage": ["items": ["$ref": "#/components/schemas/run/$defs/a"]],
        ],
      ],
    ]
    #expect(bundled == expected)
    #expect(throws: Refusal.self) {
      try SchemaBundle.bundling(["$ref": "schemas/absent.json"]) { name throws(Refusal) in
        throw .fileMissing(name)
      }
    }
  }

  @Test func `every reference leads somewhere`() throws {
    let document = try document()
    var references = 0
    func visit(_ value: JSONValue) {
      if let reference = value["$ref"]?.string {
        #expect(reference.hasPrefix("#/"), "\(reference)")
        #expect(document.resolved(value) != .null, "\(reference)")
        references += 1
      }
      for member in value.members ?? [] { visit(member.value) }
      for element in value.array ?? [] { visit(element) }
    }
    visit(document.value)
    #expect(references > 200)
  }

  @Test func `a parameter is told in words`() throws {
    let operations = try document().operations
    let chat = try #require(operations.first { $0.id == "chatWithActivations" })
    func kind(_ name: String) -> String? {
      chat.parameters.first { $0.name == name && $0.depth == 0 }?.kind
    }
    #expect(kind("top_logprobs") == "integer, 0 to 20, default 0")
    #expect(kind("max_tokens") == "integer, at least 1, default 100")
    #expect(kind("encoding") == "nested | list | base64 | none, default nested")
    #expect(kind("activation_hooks") == "array of hooks")
    #expect(chat.parameters.first { $0.name == "layer_name" }?.depth == 1)
    #expect(chat.answer == .json)
    #expect(operations.first { $0.id == "events" }?.answer == .events)
    #expect(operations.first { $0.id == "frames" }?.answer == .bytes)
    #expect(operations.first { $0.id == "socket" }?.answer == .socket)
  }

  @Test func `the document and its page are served`() async throws {
    let kit = try await ServerKit.shared()
    #expect(try await kit.json("GET", "/v1/openapi.json")["openapi"]?.string == "3.1.0")
    #expect(try await kit.send("GET", "/reference").code == 200)
    for file in ["app.js", "heatmap.js", "neuroscope.js", "lens.js", "style.css", "reference.js"] {
      #expect(try await kit.send("GET", "/dashboard/\(file)").code == 200)
    }
    #expect(try await kit.send("GET", "/dashboard/..%2FServer.swift").code == 404)
  }

  @Test func `the lists in the schemas are those of the code`() throws {
    func schema(_ name: String) throws -> JSONValue {
      let installation = Installation(roots: [TestModels.root])
      let bytes = installation.contents(installation.protocolFile("schemas/\(name).json"))
      return try JSONValue(parsing: try #require(bytes))
    }
    func names(_ list: JSONValue?) -> Set<String> {
      Set((list?.array ?? []).compactMap(\.string))
    }
    let commands = (try schema("command")["oneOf"]?.array ?? []).flatMap { branch in
      let command = branch["properties"]?["command"]
      return (command?["enum"]?.array ?? [command?["const"] ?? .null]).compactMap(\.string)
    }
    // Commands of a run that need no members of their own have no branch of their own.
    let known = Set(SocketCommand.all.map(\.name))
    #expect(known.count == SocketCommand.all.count && known.isSuperset(of: commands))
    #expect(
      known.subtracting(commands).isSubset(of: RunCommands.all.map { $0.name }), "\(known)")
    let events = (try schema("event")["oneOf"]?.array ?? []).compactMap { $0["$ref"]?.string }
    // What one viewer alone is told of itself is an `error` too.
    #expect(
      events == (EventType.all.map(\.rawValue) + ["viewer.error"]).map { "#/$defs/\($0)" })
    // Lists that grow by a file are told by the server, not by the schemas; older names are in both.
    let kind = try schema("intervention")["properties"]?["kind"]
    #expect(kind != nil && kind?["enum"] == nil)
    for alias in Changes.all.flatMap({ $0.aliases }) {
      #expect(kind?["description"]?.string?.contains(alias) == true, "\(alias)")
    }
    let analysis = try schema("analysis")["properties"]?["name"]
    #expect(analysis != nil && analysis?["enum"] == nil)
    let encodings = names(try schema("hook")["properties"]?["encoding"]?["enum"])
    #expect(encodings == Set(TensorEncoding.allCases.map(\.rawValue)))
    let policies = names(try schema("command")["properties"]?["policy"]?["enum"])
    #expect(policies == Set(ViewerPolicy.allCases.map(\.rawValue)))
  }

  @Test func `the part of YAML in use is read as JSON`() throws {
    let text = """
      a: 1
      b: { c: [x, "y: z", null], d: true }   # why
      "200":
        - name: first
          more: |
            two
              lines
        - -0.5
      e: http://host:80/path
      """
    let value = try YAMLReader.read(text)
    #expect(value["a"]?.integer == 1)
    #expect(value["b"] == ["c": ["x", "y: z", .null], "d": true])
    #expect(value["200"] == [["name": "first", "more": "two\n  lines\n"], -0.5])
    #expect(value["e"]?.string == "http://host:80/path")
  }

  @Test(arguments: ["a: &b 1", "a: *b", "a: !t 1", "a: [1", "a: {b 1}", "  - a\nb: 1", "just text"])
  func `what is not read is refused`(_ text: String) {
    #expect(throws: YAMLReader.Fault.self) { try YAMLReader.read(text) }
  }
}
