import Foundation
import Foundation
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
@Suite(.ownThreads, .timeLimit(.minutes(60))) struct ServerReferenceTests {
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
    for operation in try document().operations {
      // What has to be made first has no name here.
      let isOfOne = operation.path.contains("{id}") || operation.path.contains("{slug}")
      guard !isOfOne, let example = operation.example else { continue }
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

  @Test func `the document that is served is the written one, and no part of it a file`()
    async throws
  {
    let kit = try await ServerKit.shared()
    let written = try String(
      contentsOfFile: TestModels.root + "/Protocol/openapi.json", encoding: .utf8)
    #expect(
      try await kit.json("GET", "/v1/openapi.json") == JSONValue(parsing: Array(written.utf8)))
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
    #expect(kind("max_tokens") == "integer, at least -1, default 100")
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
    let index = try #require(Installation(roots: [TestModels.root]).dashboardFile("index.html"))
    let folder = URL(fileURLWithPath: index).deletingLastPathComponent().path
    for file in try FileManager.default.contentsOfDirectory(atPath: folder) + ["neuroscope.js"] {
      let answer = try await kit.send("GET", "/dashboard/\(file)")
      #expect(answer.code == 200, "\(file)")
      let policy = try #require(answer["Content-Security-Policy"])
      #expect(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"))
      #expect(!policy.contains("unsafe"))
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
}
