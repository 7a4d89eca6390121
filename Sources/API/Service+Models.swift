package import Engine
internal import Foundation
internal import Logging

extension Service {
  /// Loads a model from one of the allowed places.
  package func load(
    path: String, id: String?, contextLength: Int?, vocabularyOnly: Bool = false
  ) async throws(Refusal) -> LoadedModel {
    let place = resolve(path)
    guard isAllowed(place) else { throw .pathNotAllowed(path) }
    return try await loadUnchecked(
      path: path, id: id, contextLength: contextLength, vocabularyOnly: vocabularyOnly)
  }

  /// Loads a model that the operator names, from anywhere.
  package func loadUnchecked(
    path: String, id: String?, contextLength: Int?, vocabularyOnly: Bool = false
  ) async throws(Refusal) -> LoadedModel {
    let place = resolve(path)
    guard FileManager.default.fileExists(atPath: place) else { throw .pathNotFound(path) }
    let name = id.flatMap { $0.isEmpty ? nil : $0 } ?? URL(fileURLWithPath: place).lastPathComponent
    do {
      let model = try await engine.load(
        path: place, id: name, contextLength: contextLength, vocabularyOnly: vocabularyOnly)
      log(model)
      return model
    } catch {
      throw .engine(error)
    }
  }

  /// One line for the load, and one for what its user should know.
  private func log(_ model: LoadedModel) {
    let info = model.info
    logger.info(
      "loaded",
      metadata: [
        "model": "\(info.id)", "family": "\(info.family)", "path": "\(info.path)",
        "vocab_only": "\(info.isVocabularyOnly)",
      ])
    let remarks = info.remarks
    guard !remarks.isEmpty else { return }
    let aside = remarks.tensorsAside.map { "\($0.name) (\($0.tensors))" }
    logger.notice(
      "loaded, but not all of it is understood or used",
      metadata: [
        "model": "\(info.id)", "unknown_fields": "\(remarks.unknownFields)",
        "tensors_aside": "\(aside)", "notes": "\(remarks.notes)",
      ])
  }

  /// The path without links and dots; a relative one is taken from the working directory, then from the
  /// installation, so that `Fixtures/models/…` means the same everywhere.
  private func resolve(_ path: String) -> String {
    let expanded = NSString(string: path).expandingTildeInPath
    let direct = URL(fileURLWithPath: expanded).resolvingSymlinksInPath().standardizedFileURL.path
    if FileManager.default.fileExists(atPath: direct) || expanded.hasPrefix("/") { return direct }
    guard let found = installation.find(expanded) else { return direct }
    return URL(fileURLWithPath: found).resolvingSymlinksInPath().standardizedFileURL.path
  }

  /// Whether a model may be loaded from a place: below one of the directories, or with the installation.
  private func isAllowed(_ place: String) -> Bool {
    guard !options.modelDirectories.isEmpty else { return true }
    var allowed = options.modelDirectories
    if let bundled = installation.bundledModel { allowed.append(bundled) }
    return allowed.contains { directory in
      let root = URL(fileURLWithPath: directory).resolvingSymlinksInPath().standardizedFileURL.path
      return place == root || place.hasPrefix(root.hasSuffix("/") ? root : root + "/")
    }
  }

  /// A model that could be loaded.
  package struct AvailableModel: Sendable {
    package let id: String
    package let path: String
    package let format: String
    package let bytes: Int
  }

  /// What the allowed directories hold, one level deep, and the bundled model.
  package var availableModels: [AvailableModel] {
    var result: [AvailableModel] = []
    var places = options.modelDirectories
    if let bundled = installation.bundledModel {
      places.append(URL(fileURLWithPath: bundled).deletingLastPathComponent().path)
    }
    for place in places.map(resolve) {
      for path in [place] + children(of: place) {
        if let model = available(path), !result.contains(where: { $0.path == model.path }) {
          result.append(model)
        }
      }
    }
    return result
  }

  private func children(of directory: String) -> [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
    return names.sorted().prefix(1000).map { directory + "/" + $0 }
  }

  private func available(_ path: String) -> AvailableModel? {
    let name = URL(fileURLWithPath: path).lastPathComponent
    if name.hasSuffix(".gguf") {
      return AvailableModel(id: name, path: path, format: "gguf", bytes: size(path))
    }
    guard FileManager.default.fileExists(atPath: path + "/config.json") else { return nil }
    let files = children(of: path).filter { $0.hasSuffix(".safetensors") }
    guard !files.isEmpty else { return nil }
    return AvailableModel(
      id: name, path: path, format: "safetensors", bytes: files.reduce(0) { $0 + size($1) })
  }

  private func size(_ path: String) -> Int {
    let attributes = try? FileManager.default.attributesOfItem(atPath: path)
    return (attributes?[.size] as? NSNumber)?.intValue ?? 0
  }
}
