import Foundation
import JSON
import OrderedCollections
import Testing

@testable import Templates

/// Every filter, test, function and method over values of every kind, against transformers; see
/// `make_jinja_cases.py`.
@Suite struct JinjaCasesTests {
  static let file = JinjaTemplateTests.folder.appending(path: "jinja_cases.json")

  @Test func `whatever a template names works as in transformers, or is refused`() throws {
    let json = try JSONValue(parsing: Array(try Data(contentsOf: Self.file)))
    guard case .object(let values) = json["values"] else { throw CocoaError(.fileReadCorruptFile) }
    var equal = 0
    var refused: [String] = []
    for test in json["cases"]?.array ?? [] {
      let template = test["template"]?.string ?? ""
      let expected = test["expected"]?.string
      do {
        let text = try JinjaTemplate(template).render(values, time: json["time"]?.integer)
        #expect(
          expected.map { $0.utf8.elementsEqual(text.utf8) } == true,
          "\(template) gives \(text.debugDescription), not \(expected?.debugDescription ?? "an error")"
        )
        equal += 1
      } catch {
        if expected != nil { refused.append("\(template): \(error)") }
      }
    }
    print("\(equal) renderings equal; refused: \(refused.count)")
    if let path = ProcessInfo.processInfo.environment["NEUROSCOPE_REFUSED"] {
      try? refused.joined(separator: "\n").write(toFile: path, atomically: true, encoding: .utf8)
    }
    #expect(equal > 1500)
  }
}
