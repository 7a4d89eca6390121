internal import ArgumentParser
internal import Checkpoints
internal import Models
internal import API

/// `neuroscope inspect`: what is in a checkpoint, without loading it.
struct InspectCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect",
    abstract: "Show what is in a checkpoint.",
    discussion: """
      Reads headers only: family, shapes, how the weights are stored, tokenizer, hook points, and the memory \
      it will take.

      Examples:
        neuroscope inspect
        neuroscope inspect model.gguf
        neuroscope inspect ~/models/gpt-oss-20b --context 8192 --json | jq .memory
      """)

  @Argument(
    help: "A GGUF file, a model folder, or the name of a fetched model. Default: the bundled model."
  )
  var path: String?
  @Option(
    help: ArgumentHelp(
      "A LoRA adapter for it: a PEFT folder or a GGUF adapter.", valueName: "path"))
  var adapter: String?
  @Option(
    help: "Positions to count the cache's memory for. Default: the model's own, at most 4096.")
  var context: Int?
  @Flag(help: "Print one JSON document.")
  var json = false
  @Flag(help: "Read all bytes, and show the hash that recordings know the model by.")
  var hash = false

  func validate() throws {
    guard context.map({ (1...(1 << 30)).contains($0) }) ?? true else {
      throw ValidationError("--context must be 1 to \(1 << 30)")
    }
  }

  func run() async throws {
    let path = try ModelLocator(installation: .current()).path(of: path)
    let checkpoint: Checkpoint
    do { checkpoint = try Checkpoint.open(path, adapter: adapter) } catch {
      throw CommandFailure(error.description)
    }
    let family = Families.family(of: checkpoint.configuration.architecture)
    if adapter != nil { try build(checkpoint, family) }
    let identity: String?
    do { identity = hash ? try checkpoint.identity() : nil } catch {
      throw CommandFailure(error.description)
    }
    let report = InspectReport(
      checkpoint.summary, identity: identity,
      catalogue: family?.catalogue(checkpoint.configuration),
      context: context ?? min(checkpoint.configuration.contextLength, 4096))
    let console = Console()
    if json { return try console.json(report.document, pretty: true) }
    for line in report.lines { console.line(line) }
  }

  /// Puts the layers together, which finds out whether every tensor of the adapter has its module.
  private func build(_ checkpoint: Checkpoint, _ family: (any ModelFamily.Type)?) throws {
    do {
      _ = try family?.build(checkpoint, BuildOptions(contextLength: 1))
    } catch { throw CommandFailure(error.description) }
  }
}
