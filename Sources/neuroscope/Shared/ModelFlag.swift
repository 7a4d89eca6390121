internal import ArgumentParser
internal import API

/// Which model a command works with.
struct ModelFlag: ParsableArguments {
  @Option(
    name: .shortAndLong,
    help: ArgumentHelp(
      "A GGUF file, a model folder, or the name of a fetched model (NEUROSCOPE_MODEL).",
      discussion: "Default: the model that comes with the program.", valueName: "path"))
  var model: String?

  /// The path of the model.
  ///
  /// - Throws: ``CommandFailure`` where there is none.
  func path() throws -> String {
    try ModelLocator(installation: .current()).path(of: Setting.value(model, "MODEL"))
  }
}
