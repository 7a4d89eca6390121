internal import API
internal import ArgumentParser
internal import Foundation
internal import JSON

/// `neuroscope install`: puts the program and what belongs to it where it can be run from.
struct InstallCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "install",
    abstract:
      "Copy the program, its model and its pages to a folder, with manual page, completions and service.",
    discussion: """
      What is written can be moved as a whole, but for the service file, which names the prefix. Another user may run it, from \
      any folder. An older installation there is replaced.

      Examples:
        neuroscope install --prefix ~/.local
        neuroscope install --prefix /usr --destination package      # for making a package
      """)

  @Option(
    help: ArgumentHelp("Where bin, lib and share are, or will be.", valueName: "folder"),
    completion: .directory)
  var prefix: String
  @Option(
    help: ArgumentHelp("A folder that stands for / while a package is made.", valueName: "folder"),
    completion: .directory)
  var destination: String?

  func run() throws {
    let home = URL(fileURLWithPath: prefix).standardizedFileURL.path
    let root = destination.map { URL(fileURLWithPath: $0).standardizedFileURL.path + home } ?? home
    let layout = InstalledLayout(prefix: home, root: root, from: .current())
    do { try layout.write() } catch let failure as CommandFailure { throw failure } catch {
      throw CommandFailure("\(root): \(error.localizedDescription)")
    }
    Console().line("installed in \(root); run \(home)/bin/neuroscope")
  }
}
