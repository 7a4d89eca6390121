import Foundation
import Testing

/// The pages that people read first.
@Suite struct PageTests {
  static let pages = [
    "README.md", ".github/CONTRIBUTING.md", "Sources/README.md", "Sources/FAMILIES.md",
    "Tests/README.md", "Tests/Peers/README.md", "Tests/Peers/RESULTS.md", "Protocol/README.md",
    "Protocol/events.md", "Protocol/frames.md", "Protocol/recording.md", "Protocol/transport.md",
    "Protocol/clients/python/README.md", "Protocol/clients/javascript/README.md",
  ]

  @Test func `the README is short, and begins with what it is and how to run it`() throws {
    let page = try #require(SourceTree.file("README.md"))
    #expect(page.lines.count < 200)
    let first = page.lines.prefix(25).joined(separator: "\n")
    for word in ["src=\".github/page.png\"", "swift run -c release neuroscope serve", "swift test"]
    {
      #expect(first.contains(word), "the first screen has no \(word)")
    }
  }

  @Test(arguments: pages)
  func `every link of a page leads to a file`(_ path: String) throws {
    let page = try #require(SourceTree.file(path))
    let folder = SourceTree.root.appending(path: path).deletingLastPathComponent()
    for line in page.lines {
      for link in line.matches(of: /\]\(([^)#:]+)(?:#[^)]*)?\)|src="([^":]+)"/) {
        let target = String(link.output.1 ?? link.output.2 ?? "")
        let exists = FileManager.default.fileExists(atPath: folder.appending(path: target).path)
        #expect(exists, "\(path) links to \(target)")
      }
    }
  }
}
