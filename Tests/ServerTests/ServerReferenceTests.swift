import Frames
import HTTPTypes
import TestKit
import Testing

@testable import Server

/// The written interface against the one that answers.
@Suite(.timeLimit(.minutes(2))) struct ServerReferenceTests {
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
    let kit = try await ServerKit.shared()
    var count = 0
    for operation in try document().operations {
      guard let example = operation.example else { continue }
      var writer = JSONWriter()
      writer.value(example)
      let response = try await kit.send(
        operation.method, operation.path, String(decoding: writer.bytes, as: UTF8.self))
      #expect((200..<300).contains(response.code), "\(operation.path): \(response.text)")
      count += 1
    }
    #expect(count >= 6)
  }

  @Test func `the document and its page are served`() async throws {
    let kit = try await ServerKit.shared()
    #expect(try await kit.json("GET", "/v1/openapi.json")["openapi"]?.string == "3.1.0")
    #expect(try await kit.send("GET", "/reference").code == 200)
    for file in ["app.js", "style.css", "reference.js"] {
      #expect(try await kit.send("GET", "/dashboard/\(file)").code == 200)
    }
    #expect(try await kit.send("GET", "/dashboard/..%2FServer.swift").code == 404)
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
