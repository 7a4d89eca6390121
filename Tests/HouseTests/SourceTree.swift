import Foundation

/// The project's own files, read as text.
enum SourceTree {
  /// The package's root, two folders above this file's.
  static let root = URL(filePath: #filePath).resolvingSymlinksInPath()
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// Every Swift file of `Sources`.
  static let sources = files(below: "Sources", suffixes: [".swift"])
  /// Every Swift file of `Tests`.
  static let tests = files(below: "Tests", suffixes: [".swift"])
  /// Everything that people read or run: code, scripts, documents, descriptions.
  static let written =
    files(below: "Sources", suffixes: textSuffixes) + files(below: "Tests", suffixes: textSuffixes)
    + files(below: "Protocol", suffixes: textSuffixes)
    + [
      "Package.swift", "README.md", ".ci/run", ".ci/check", ".ci/format", ".ci/picture",
      ".github/CONTRIBUTING.md", "Protocol/generate",
    ].compactMap(file)

  private static let textSuffixes = [
    ".swift", ".c", ".h", ".modulemap", ".py", ".md", ".html", ".js", ".css", ".yaml", ".ts", ".sh",
  ]

  /// A file by its path from the root; nil where there is none.
  static func file(_ path: String) -> SourceFile? {
    guard let data = FileManager.default.contents(atPath: root.appending(path: path).path) else {
      return nil
    }
    return SourceFile(path: path, text: String(decoding: data, as: UTF8.self))
  }

  /// Names of the files and folders in a folder, sorted.
  static func names(in folder: String) -> [String] {
    let path = root.appending(path: folder).path
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    return names.filter { !$0.hasPrefix(".") }.sorted()
  }

  private static func files(below folder: String, suffixes: [String]) -> [SourceFile] {
    let base = root.appending(path: folder).path
    guard let walker = FileManager.default.enumerator(atPath: base) else { return [] }
    var paths: [String] = []
    while let path = walker.nextObject() as? String {
      let last = path.split(separator: "/").last ?? ""
      if last.hasPrefix(".") || last == "node_modules" || last == "__pycache__" {
        walker.skipDescendants()
      } else if suffixes.contains(where: path.hasSuffix) {
        paths.append(folder + "/" + path)
      }
    }
    return paths.sorted().compactMap(file)
  }
}
