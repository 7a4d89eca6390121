internal import Foundation
internal import API

/// Finds the model that somebody means: a path, the name of a fetched model, or none for the bundled one.
struct ModelLocator {
  let installation: Installation
  /// Where fetched models are kept.
  let cache: String

  init(
    installation: Installation,
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) {
    self.installation = installation
    cache = Self.cacheFolder(environment)
  }

  /// Where digests of model files are kept, beside the fetched models.
  static func digestFolder(
    _ environment: [String: String] = ProcessInfo.processInfo.environment
  ) -> String {
    URL(fileURLWithPath: cacheFolder(environment)).deletingLastPathComponent()
      .appendingPathComponent("digests").path
  }

  /// The user's folder of fetched models: `$XDG_CACHE_HOME/neuroscope/models`, by default below `~/.cache`.
  static func cacheFolder(_ environment: [String: String]) -> String {
    if let cache = environment["XDG_CACHE_HOME"], cache.hasPrefix("/") {
      return cache + "/neuroscope/models"
    }
    let home = environment["HOME"] ?? NSHomeDirectory()
    return home + "/.cache/neuroscope/models"
  }

  /// The path of what is meant by `name`.
  ///
  /// - Throws: ``CommandFailure`` where there is nothing, naming where it looked.
  func path(of name: String?) throws -> String {
    guard let name, !name.isEmpty else {
      if let bundled = installation.bundledModel { return bundled }
      throw CommandFailure(
        "The bundled model is missing in this installation; name one with --model, "
          + "or set NEUROSCOPE_HOME to the folder that holds Fixtures/models")
    }
    if FileManager.default.fileExists(atPath: name) { return name }
    guard !name.contains("/"), name != "..", name != "." else {
      throw CommandFailure("\(name): no such file or folder")
    }
    let candidates = [cache + "/" + name, cache + "/" + name + ".gguf"]
    if let fetched = candidates.first(where: FileManager.default.fileExists(atPath:)) {
      return fetched
    }
    if let bundled = installation.find("Fixtures/models/" + name) { return bundled }
    throw CommandFailure(
      "\(name) is no file or folder here, and no fetched model of that name is in \(cache)")
  }
}
