package import Engine

/// Which model a request means: the one it names, or the current one.
package struct ModelTable: Sendable {
  private let engine: Engine
  /// Further names, and the models that they stand for; of an empty one the current model.
  private let aliases: [String: String]

  package init(_ engine: Engine, aliases: [String: String] = [:]) {
    self.engine = engine
    self.aliases = aliases
  }

  /// The model of a body's `model`, with its weights.
  package func runnable(_ fields: Fields) throws(Refusal) -> LoadedModel {
    try runnable(try fields.string("model"))
  }

  /// The model of an id, refused where only its vocabulary was loaded.
  package func runnable(_ id: String?) throws(Refusal) -> LoadedModel {
    let model = try model(id)
    guard !model.info.isVocabularyOnly else { throw .engine(.vocabularyOnly(model.info.id)) }
    return model
  }

  /// The model of a body's `model`; it may be one without weights.
  package func model(_ fields: Fields) throws(Refusal) -> LoadedModel {
    try model(try fields.string("model"))
  }

  /// The model of an id; an empty one counts as none.
  package func model(_ id: String?) throws(Refusal) -> LoadedModel {
    let id = id.flatMap { engine.model($0) == nil ? aliases[$0] ?? $0 : $0 }
    if let id, !id.isEmpty {
      guard let model = engine.model(id) else { throw .modelNotFound(id) }
      return model
    }
    guard let model = engine.current else { throw .modelNotFound(nil) }
    return model
  }
}
