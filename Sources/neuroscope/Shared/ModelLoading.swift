internal import Engine
internal import Foundation

/// Loads a model and says on the standard error what it is.
struct ModelLoading {
  let console: Console

  /// - Throws: ``CommandFailure`` in the words of the checkpoint's fault.
  func load(
    _ model: ModelFlag, into engine: Engine, contextLength: Int?
  ) async throws -> LoadedModel {
    let (path, adapter) = (try model.path(), try model.adapterPath())
    console.note("Loading \(path)\(adapter.map { " with \($0)" } ?? "") …")
    let clock = ContinuousClock()
    let begin = clock.now
    let loaded: LoadedModel
    do {
      loaded = try await engine.load(
        path: path, adapter: adapter, id: nil, contextLength: contextLength)
    } catch { throw CommandFailure(error) }
    let seconds = Double((clock.now - begin) / .milliseconds(1)) / 1000
    let info = loaded.info
    console.note(
      "\(info.id): \(info.family), \(info.layers) layers × \(info.hiddenSize), "
        + "\(Figures.count(info.parameterCount)) parameters, \(info.quantization ?? "F32"), "
        + "context \(info.contextLength); ready after \(Figures.short(seconds)) s")
    return loaded
  }
}
