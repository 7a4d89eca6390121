import Foundation
import JSON
import OrderedCollections
import Testing
import TestKit

@testable import Templates

@Suite struct JinjaTemplateTests {
  static let folder = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "References/tokenizers")

  /// A template, what it is given, and what transformers made of it.
  struct Case: CustomTestStringConvertible {
    var name: String
    var template: String
    var variables: OrderedDictionary<String, JSONValue>
    var time: Int64
    var answer: JSONValue
    var testDescription: String { name }
  }

  static func cases() throws -> [Case] {
    let file = try JSONValue(
      parsing: Array(try Data(contentsOf: folder.appending(path: "template_cases.json"))))
    return try (file["cases"]?.array ?? []).map { answer in
      let name = answer["name"]?.string ?? ""
      let given = answer["template"]?.string ?? ""
      let template =
        name.hasPrefix("piece")
        ? given
        : try String(
          contentsOf: folder.appending(path: "templates/\(given).jinja"), encoding: .utf8)
      guard case .object(let variables) = answer["variables"] ?? file["values"] else {
        throw CocoaError(.fileReadCorruptFile)
      }
      return Case(
        name: name, template: template, variables: variables, time: file["time"]?.integer ?? 0,
        answer: answer)
    }
  }

  @Test func `templates render as transformers renders them`() throws {
    let cases = try Self.cases()
    #expect(cases.count > 400)
    for test in cases {
      do {
        let text = try JinjaTemplate(test.template).render(test.variables, time: test.time)
        let expected = test.answer["expected"]?.string
        #expect(text == expected, "\(test.name): \(test.template.prefix(400))")
        #expect(text.utf8.elementsEqual((expected ?? "").utf8))
      } catch {
        if let raised = test.answer["raised"]?.string {
          #expect(error == .raised(raised), "\(test.name)")
        } else {
          #expect(
            test.answer["failed"] != nil, "\(test.name): \(error) \(test.template.prefix(300))")
        }
      }
    }
  }
}
