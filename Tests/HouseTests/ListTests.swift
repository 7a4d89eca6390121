import Foundation
import Testing

/// A plural that lists: the one line a contributor adds besides the new file.
@Suite struct ListTests {
  /// A list file and the folder whose files it lists.
  struct List: Sendable, CustomStringConvertible {
    let list: String
    let folder: String
    /// What the names of listed files end in.
    var suffix = ""
    /// Files of the folder that are no entries of the list, with the reason.
    var others: Set<String> = []
    var description: String { list }
  }

  static let lists = [
    List(list: "Sources/Models/Families.swift", folder: "Sources/Models/Families"),
    List(
      list: "Sources/Checkpoints/WeightFormats.swift", folder: "Sources/Checkpoints/Formats",
      suffix: "Format"),
    List(list: "Sources/HTTP/Guards.swift", folder: "Sources/HTTP/Guards"),
    List(list: "Sources/HTTP/Observers.swift", folder: "Sources/HTTP/Observers"),
    List(list: "Sources/API/RunCommands.swift", folder: "Sources/API/Commands"),
    List(list: "Sources/Hooks/Changes.swift", folder: "Sources/Hooks/Changes"),
    List(
      list: "Sources/Interpretability/Analyses.swift",
      folder: "Sources/Interpretability/Analyses"),
  ]

  @Test(arguments: lists) func `every file of the folder has its line`(rule: List) throws {
    let list = try #require(SourceTree.file(rule.list))
    let text = list.code.joined(separator: "\n")
    let names = SourceTree.names(in: rule.folder).filter { $0.hasSuffix(rule.suffix + ".swift") }
      .map { String($0.dropLast(".swift".count)) }
      .filter { !$0.contains("+") && !rule.others.contains($0) }
    #expect(!names.isEmpty, "\(rule.folder) has no files")
    for name in names {
      #expect(text.containsWord(name), "\(rule.folder)/\(name).swift has no line in \(rule.list)")
    }
  }

  @Test func `every function that answers a request has its route`() throws {
    let list = try #require(SourceTree.file("Sources/API/Routes.swift"))
    let text = list.code.joined(separator: "\n")
    let files = SourceTree.sources.filter { $0.path.hasPrefix("Sources/API/Routes/") }
    #expect(!files.isEmpty)
    for file in files {
      for line in file.code where line.contains("(_ request: Request)") && line.hasPrefix("  func ")
      {
        let name = String(line.dropFirst("  func ".count).prefix { $0 != "(" })
        #expect(text.contains("answer(\(name))"), "\(file): \(name) has no line in Routes.swift")
      }
    }
  }
}

extension String {
  /// Whether a word stands in the text with no letter or digit right behind it.
  func containsWord(_ word: String) -> Bool {
    var rest = self[...]
    while let found = rest.range(of: word) {
      let next = found.upperBound < rest.endIndex ? rest[found.upperBound] : " "
      if !next.isLetter, !next.isNumber, next != "_" { return true }
      rest = rest[found.upperBound...]
    }
    return false
  }
}
