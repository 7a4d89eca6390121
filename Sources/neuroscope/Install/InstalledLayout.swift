internal import API
internal import ArgumentParser
internal import Foundation
internal import JSON

/// The files of an installation, and where they are below its prefix.
///
/// The program finds what belongs to it beside itself, so `lib/neuroscope` can be moved as a whole; `bin` holds a link.
struct InstalledLayout {
  /// Where it will be found.
  let prefix: String
  /// Where it is written.
  let root: String
  private let source: Installation

  init(prefix: String, root: String, from source: Installation) {
    self.prefix = prefix
    self.root = root
    self.source = source
  }

  /// Files of the protocol that the program reads.
  private static let protocolFiles = [
    "openapi.json", "asyncapi.json", "interface.json", "scenarios",
    "clients/javascript/neuroscope.js",
  ]

  /// Writes all of it.
  ///
  /// - Throws: ``CommandFailure`` where something that belongs to the program is missing.
  func write() throws {
    let home = root + "/lib/neuroscope"
    let files = FileManager.default
    // What an older version has left would be found as if it were of this one.
    if files.fileExists(atPath: home) { try files.removeItem(atPath: home) }
    try copy(Installation.executablePath, to: home + "/neuroscope")
    guard let page = source.dashboardFile("app.js"), let model = source.bundledModel else {
      throw CommandFailure("what belongs to the program is not beside it; set NEUROSCOPE_HOME")
    }
    try copy((page as NSString).deletingLastPathComponent, to: home + "/Dashboard")
    try copy(model, to: home + "/models/" + (model as NSString).lastPathComponent)
    for name in Self.protocolFiles {
      guard let path = source.protocolFile(name) else {
        throw CommandFailure("Protocol/\(name) is not beside the program; set NEUROSCOPE_HOME")
      }
      try copy(path, to: "\(home)/Protocol/\(name)")
    }
    let link = root + "/bin/neuroscope"
    try makeFolder(of: link)
    if (try? files.attributesOfItem(atPath: link)) != nil { try files.removeItem(atPath: link) }
    try files.createSymbolicLink(
      atPath: link, withDestinationPath: "../lib/neuroscope/neuroscope")
    for (path, text) in try texts() { try write(text, to: "\(root)/\(path)") }
  }

  /// What follows from the definitions of the commands, by path.
  func texts() throws -> [(path: String, text: String)] {
    let help = try Self.help()
    return [
      ("share/man/man1/neuroscope.1", ManualPage(help, version: Version.text).text),
      (
        "share/bash-completion/completions/neuroscope", NeuroScope.completionScript(for: .bash)
      ),
      ("share/zsh/site-functions/_neuroscope", NeuroScope.completionScript(for: .zsh)),
      (
        "share/fish/vendor_completions.d/neuroscope.fish", NeuroScope.completionScript(for: .fish)
      ),
      ("lib/systemd/system/neuroscope.service", ServiceUnit(prefix: prefix).text),
    ]
  }

  /// What the commands say of themselves, as `--experimental-dump-help` prints it.
  static func help() throws -> JSONValue {
    try JSONValue(parsing: Array(NeuroScope._dumpHelp().utf8))
  }

  private func makeFolder(of path: String) throws {
    try FileManager.default.createDirectory(
      atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
  }

  /// Copies a file or a folder, what links lead to and not the links.
  private func copy(_ path: String, to place: String) throws {
    try makeFolder(of: place)
    let real = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
    try FileManager.default.copyItem(atPath: real, toPath: place)
  }

  private func write(_ text: String, to place: String) throws {
    try makeFolder(of: place)
    try Data(text.utf8).write(to: URL(fileURLWithPath: place))
  }
}
