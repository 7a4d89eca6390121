package import Engine
internal import Foundation
internal import Logging
internal import Synchronization

extension Service {
  /// Loads a model, and the adapter that goes with it, from one of the allowed places.
  package func load(
    path: String, adapter: String? = nil, id: String?, contextLength: Int?,
    vocabularyOnly: Bool = false
  ) async throws(Refusal) -> LoadedModel {
    for path in [path, adapter].compactMap({ $0 }) where !isAllowed(resolve(path)) {
      throw .pathNotAllowed(path)
    }
    return try await load(path, adapter, id, contextLength, vocabularyOnly)
  }

  /// Loads a model that the operator names, from anywhere; from then on clients may load it too, and its adapter.
  package func loadUnchecked(
    path: String, adapter: String? = nil, id: String?, contextLength: Int?,
    vocabularyOnly: Bool = false
  ) async throws(Refusal) -> LoadedModel {
    let model = try await load(path, adapter, id, contextLength, vocabularyOnly)
    startedModels.withLock { $0.formUnion([path, adapter].compactMap { $0 }.map(resolve)) }
    return model
  }

  private func load(
    _ path: String, _ adapter: String?, _ id: String?, _ contextLength: Int?, _ vocabularyOnly: Bool
  ) async throws(Refusal) -> LoadedModel {
    for path in [path, adapter].compactMap({ $0 })
    where !FileManager.default.fileExists(atPath: resolve(path)) {
      throw .pathNotFound(path)
    }
    let place = resolve(path)
    facts.beginLoad()
    defer { facts.endLoad() }
    let name =
      id.flatMap { $0.isEmpty ? nil : $0 }
      ?? ModelName.plain(ofFile: URL(fileURLWithPath: place).lastPathComponent)
    guard ModelName.isPlain(name) else {
      throw .outOfRange(
        field: "model_id", found: String(name.prefix(80)), allowed: ModelName.rule)
    }
    do {
      let model = try await engine.load(
        path: place, adapter: adapter.map(resolve), id: name, contextLength: contextLength,
        vocabularyOnly: vocabularyOnly)
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
        "adapter": "\(info.adapter?.path ?? "none")",
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

  /// Whether a client may have a model loaded from a place.
  private func isAllowed(_ place: String) -> Bool {
    var allowed = searchedDirectories + startedModels.withLock { Array($0) }
    if let bundled = installation.bundledModel { allowed.append(bundled) }
    return allowed.contains { directory in
      let root = URL(fileURLWithPath: directory).resolvingSymlinksInPath().standardizedFileURL.path
      return place == root || place.hasPrefix(root.hasSuffix("/") ? root : root + "/")
    }
  }

  /// The operator's directories, or that of the fetched models where there are none.
  private var searchedDirectories: [String] {
    options.modelDirectories.isEmpty
      ? options.fetchedModels.map { [$0] } ?? [] : options.modelDirectories
  }

  /// A model that could be loaded.
  package struct AvailableModel: Sendable {
    package let id: String
    package let path: String
    package let format: String
    package let bytes: Int
    /// Names of its files, the first ten.
    package let files: [String]
  }

  /// Where models are looked for, besides the files that the operator has loaded.
  package var searchPaths: [String] { searchedDirectories.map(resolve) }

  /// The models of the operator, the bundled one, and what the allowed directories hold, one level deep.
  package var availableModels: [AvailableModel] {
    var result: [AvailableModel] = []
    var places = startedModels.withLock { $0.sorted() }
    if let bundled = installation.bundledModel {
      places.append(URL(fileURLWithPath: bundled).deletingLastPathComponent().path)
    }
    places += searchedDirectories
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
      let id = ModelName.plain(ofFile: name)
      // The parts of one model are listed once, where the first of them is.
      guard let split = SplitModel(path) else {
        return AvailableModel(
          id: id, path: path, format: "gguf", bytes: size(path), files: [name])
      }
      guard split.first == path else { return nil }
      return AvailableModel(
        id: id, path: path, format: "gguf", bytes: split.paths.reduce(0) { $0 + size($1) },
        files: Self.names(split.paths))
    }
    guard FileManager.default.fileExists(atPath: path + "/config.json") else { return nil }
    let all = children(of: path)
    let files = all.filter { $0.hasSuffix(".safetensors") }
    guard !files.isEmpty else { return nil }
    return AvailableModel(
      id: ModelName.plain(ofFile: name), path: path, format: "safetensors",
      bytes: files.reduce(0) { $0 + size($1) }, files: Self.names(all))
  }

  private static func names(_ paths: [String]) -> [String] {
    paths.prefix(10).map { URL(fileURLWithPath: $0).lastPathComponent }
  }

  private func size(_ path: String) -> Int {
    let attributes = try? FileManager.default.attributesOfItem(atPath: path)
    return (attributes?[.size] as? NSNumber)?.intValue ?? 0
  }
}
