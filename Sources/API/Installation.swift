internal import Foundation

/// Where the files are that come with the program: pages, scenarios, the bundled model.
///
/// Found from where the executable is, never from a path of the machine that built it, and from any working
/// directory: first `$NEUROSCOPE_HOME`, then beside the executable, then upwards to the package's root.
package struct Installation: Sendable {
  /// Directories to look in, best first.
  package let roots: [String]

  package init(roots: [String]) {
    self.roots = roots
  }

  /// The installation that this process runs from.
  package static func current(
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) -> Installation {
    var roots: [String] = []
    if let home = environment["NEUROSCOPE_HOME"], !home.isEmpty { roots.append(home) }
    var directory = URL(fileURLWithPath: executablePath).deletingLastPathComponent()
    for _ in 0..<8 {
      roots.append(directory.path)
      let parent = directory.deletingLastPathComponent()
      guard parent.path != directory.path else { break }
      directory = parent
    }
    return Installation(roots: roots)
  }

  /// The program that runs, whatever links led to it.
  package static var executablePath: String {
    let link = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    return link ?? Bundle.main.executablePath ?? CommandLine.arguments.first ?? "."
  }

  /// The first of the roots that has one of these paths below it; the paths are tried in order in each root.
  package func find(_ paths: String...) -> String? {
    for root in roots {
      for path in paths {
        let candidate = root + "/" + path
        if FileManager.default.fileExists(atPath: candidate) { return candidate }
      }
    }
    return nil
  }

  /// A file of the dashboard.
  package func dashboardFile(_ name: String) -> String? {
    // Pages read what travels as everybody else does: by the published client.
    if name == "neuroscope.js" { return protocolFile("clients/javascript/\(name)") }
    return find(
      "neuroscope_API.resources/Dashboard/\(name)", "Dashboard/\(name)",
      "Sources/API/Dashboard/\(name)")
  }

  /// A file of the protocol's description.
  package func protocolFile(_ name: String) -> String? { find("Protocol/\(name)") }

  /// The model that comes with the program: the one directory in `Fixtures/models` with a configuration.
  package var bundledModel: String? {
    guard let models = find("Fixtures/models", "models") else { return nil }
    let names = (try? FileManager.default.contentsOfDirectory(atPath: models)) ?? []
    return names.sorted().map { models + "/" + $0 }.first {
      FileManager.default.fileExists(atPath: $0 + "/config.json")
    }
  }

  /// The bytes of a file; nil where it can't be read.
  package func contents(_ path: String?) -> [UInt8]? {
    path.flatMap { FileManager.default.contents(atPath: $0) }.map { Array($0) }
  }
}
