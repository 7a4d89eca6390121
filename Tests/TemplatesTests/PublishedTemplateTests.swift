import Foundation
import JSON
import OrderedCollections
import Testing

@testable import Templates

/// Published templates over conversations of every kind, against transformers.
///
/// The cases are made by `make_published_template_cases.py`; `NEUROSCOPE_REFERENCES` names the folder in whose
/// `templates` they lie.
@Suite struct PublishedTemplateTests {
  static let file = ProcessInfo.processInfo.environment["NEUROSCOPE_REFERENCES"].map {
    URL(filePath: $0).appending(path: "templates/published_template_cases.json")
  }
  static let isThere = file.map { FileManager.default.fileExists(atPath: $0.path) } ?? false

  @Test(.enabled(if: isThere)) func `a rendering is transformers' own, or refused with the reason`()
    throws
  {
    let file = try #require(Self.file)
    let json = try JSONValue(parsing: Array(try Data(contentsOf: file)))
    guard case .object(let conversations) = json["conversations"] else { return }
    var equal = 0
    var refused: [String] = []
    for entry in json["templates"]?.array ?? [] {
      let name = entry["name"]?.string ?? ""
      for (kind, given) in conversations {
        guard case .object(let variables) = given, let answer = entry["answers"]?[kind] else {
          continue
        }
        do {
          let text = try JinjaTemplate(entry["template"]?.string ?? "").render(
            variables, time: json["time"]?.integer)
          let expected = answer["expected"]?.string
          #expect(
            text.utf8.elementsEqual((expected ?? "").utf8), "\(name), \(kind): \(answer)\n\(text)")
          equal += 1
        } catch {
          if answer["expected"] == nil {
            equal += 1
          } else {
            refused.append("\(name), \(kind): \(error)")
          }
        }
      }
    }
    print("\(equal) renderings equal, refused:", refused.joined(separator: "\n"), separator: "\n")
    #expect(equal > 1000 && refused.isEmpty)
  }
}
