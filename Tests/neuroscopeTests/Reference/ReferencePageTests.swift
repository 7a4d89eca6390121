import TestKit
import Testing

import JSON
@testable import API
@testable import Runs
@testable import neuroscope

/// What `neuroscope reference` prints.
@Suite struct ReferencePageTests {
  private func lines(_ words: String..., hasColour: Bool = false) throws -> [String] {
    let document = try ReferenceDocument(Installation(roots: [TestModels.root]))
    return try ReferencePage(document, server: "http://a:1/", hasColour: hasColour)
      .lines(matching: words)
  }

  @Test func `every operation has its title and its curl line`() throws {
    let document = try ReferenceDocument(Installation(roots: [TestModels.root]))
    let lines = try lines()
    for operation in document.operations {
      #expect(lines.contains("\(operation.method) \(operation.path)"))
    }
    #expect(lines.count { $0.hasPrefix("  curl ") } == document.operations.count)
  }

  @Test func `no line is longer than a hundred columns, and colours are for terminals`() throws {
    let whole = try lines()
    let full = try lines("v1")
    for line in whole + full { #expect(line.count <= 100, "\(line)") }
    #expect(!whole.contains { $0.contains("\u{1B}") })
    #expect(try lines(hasColour: true).contains("\u{1B}[1mGET /health\u{1B}[0m"))
  }

  @Test func `words choose operations, and these are shown in full`() throws {
    let found = try lines("with_ACTIVATIONS")
    #expect(found.first == "POST /v1/chat/completions/with_activations")
    #expect(found.contains { $0.hasPrefix("    messages *") })
    #expect(found.contains { $0.hasPrefix("      layer_name *") })
    #expect(found.contains { $0.hasPrefix("  400, 401, 403, 404, 413, 429, 503  Why not") })
    #expect(try lines("delete", "interventions").count { $0.hasPrefix("DELETE ") } == 2)
  }

  @Test func `a word that nothing has is answered with the groups`() {
    let error = #expect(throws: CommandFailure.self) { try lines("absent") }
    #expect(
      error?.description == "Nothing in the reference has absent; groups: health, models, "
        + "completions, hooks, text, runs, control, analyses, harvests, recordings, scenarios, keys, "
        + "pages")
  }

  @Test func `ids are variables of the shell, and quotes survive it`() throws {
    #expect(try lines("/pause").contains("  curl -X POST \"http://a:1/v1/runs/$run/pause\""))
    #expect(
      try lines("removeIntervention").last
        == "  curl -X DELETE \"http://a:1/v1/runs/$run/interventions/$intervention\"")
    let quoted = ReferenceOperation(
      id: "say", tag: "text", method: "POST", path: "/say", summary: "", parameters: [],
      example: ["text": "it's"], answer: .json, statuses: [])
    #expect(
      CurlLine(quoted, server: "http://a:1").text
        == #"curl http://a:1/say -d '{"text": "it'\''s"}'"#)
  }
}
