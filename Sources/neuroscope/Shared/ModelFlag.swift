internal import ArgumentParser
internal import API
internal import Checkpoints
internal import Hooks
internal import Models

/// Which model a command works with.
struct ModelFlag: ParsableArguments {
  @Option(
    name: .shortAndLong,
    help: ArgumentHelp(
      "A GGUF file, a model folder, or the name of a fetched model (NEUROSCOPE_MODEL).",
      discussion: "Default: the model that comes with the program.", valueName: "path"))
  var model: String?

  @Option(
    help: ArgumentHelp(
      "A LoRA adapter for it: a PEFT folder or a GGUF adapter (NEUROSCOPE_ADAPTER).",
      valueName: "path"))
  var adapter: String?

  /// The path of the adapter; nil where there is none.
  func adapterPath(_ settings: Settings = Settings()) throws -> String? {
    try settings.value(adapter, .adapter)
  }

  /// The path of the model.
  ///
  /// - Throws: ``CommandFailure`` where there is none.
  func path(_ settings: Settings = Settings()) throws -> String {
    try ModelLocator(installation: .current()).path(of: settings.value(model, .model))
  }

  /// The hook points of the model, from its headers alone; nil for a family that is not known, which loading refuses.
  ///
  /// - Throws: ``CommandFailure`` in the words of the checkpoint's fault.
  func catalogue() throws -> HookCatalogue? {
    let path = try path()
    do throws(CheckpointError) {
      let configuration = try Checkpoint.open(path).configuration
      return Families.family(of: configuration.architecture)?.catalogue(configuration)
    } catch { throw CommandFailure(error.description) }
  }
}
