internal import ArgumentParser
internal import Checkpoints
internal import Engine
internal import Foundation
internal import Models
internal import Tensors
internal import Tokenizers

/// `neuroscope bench numerics`: what `--numerics fast` costs in exactness.
struct BenchNumericsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "numerics",
    abstract: "The error of --numerics fast: its scores against the exact ones.",
    discussion: """
      Both are given the same tokens, one by one as in decoding and then all as a prompt, and their scores of the \
      whole vocabulary are compared at each: the largest difference, the divergence of the chances (KL, exact to \
      fast), and how often another token is the likeliest. The tokens are those of --text, or the model's own: \
      drawn by the exact chances, always the same.

      Examples:
        neuroscope bench numerics --model smollm2-135m
        neuroscope bench numerics --model model-Q4_K_M.gguf --tokens 4000 --text essay.txt --json
      """)

  @OptionGroup var model: ModelFlag
  @OptionGroup var engine: EngineFlags
  @Option(help: "Tokens to compare; of a text at most as many as it has.")
  var tokens = 1000
  @Option(help: ArgumentHelp("A text to take the tokens from.", valueName: "path"))
  var text: String?
  @Flag(help: "Print one JSON document.")
  var json = false
  @Option(help: "The commit to name.")
  var commit = "unknown"

  /// What was found, with what it belongs to.
  private struct Document: Encodable {
    let model: String
    let quantization: String?
    let instructions: String
    let precision: [Part]
    let prompt: LogitError
    let decode: LogitError
    let machine: BenchMachine
  }

  private struct Part: Encodable {
    let weights: String
    let share: Double
    let prompt: String
    let decode: String
  }

  func validate() throws {
    guard (1...1_000_000).contains(tokens) else {
      throw ValidationError("--tokens must be 1 to 1000000")
    }
  }

  func run() async throws {
    let console = Console()
    var options = try engine.options()
    options.numerics = .fast
    let loaded = try await ModelLoading(console: console).load(
      model, into: Engine(options: options), contextLength: tokens)
    let machine = BenchMachine(commit: commit)
    let window = loaded.info.contextLength
    let comparison = NumericsComparison(
      try network(contextLength: window, options),
      exact: arithmetic(options, .exact), other: arithmetic(options, .fast), window: window)
    let found = try comparison.run(source(loaded))
    let parts = loaded.info.precision.parts
    if json {
      return try console.json(
        Document(
          model: loaded.info.id, quantization: loaded.info.quantization,
          instructions: options.instructionSet.rawValue,
          precision: parts.map {
            Part(weights: $0.weights, share: $0.share, prompt: $0.prompt, decode: $0.decode)
          }, prompt: found.prompt, decode: found.decode, machine: machine), pretty: true)
    }
    console.line(machine.line)
    console.line("instructions \(options.instructionSet.rawValue)")
    for part in parts {
      console.line(
        "\(Figures.short(part.share * 100)) % of the weights are \(part.weights): activations "
          + "\(part.prompt) in prompts, \(part.decode) in decoding")
    }
    console.line()
    for line in Self.lines(prompt: found.prompt, decode: found.decode) { console.line(line) }
  }

  /// The table for people.
  static func lines(prompt: LogitError, decode: LogitError) -> [String] {
    var table = TextTable("fast against exact", "prompt", "decode")
    func row(_ name: String, _ figure: (LogitError) -> String) {
      table.append([name, figure(prompt), figure(decode)])
    }
    row("tokens") { String($0.positions) }
    row("largest logit difference") { Figures.short($0.largestDifference) }
    row("largest logit") { Figures.short($0.largestScore) }
    row("KL of the chances, mean, in nats") { Figures.short($0.meanDivergence) }
    row("KL of the chances, largest") { Figures.short($0.largestDivergence) }
    row("other likeliest token") { "\($0.otherTokens) of \($0.positions)" }
    return table.lines
  }

  private func arithmetic(_ options: EngineOptions, _ numerics: Numerics) -> Arithmetic {
    Arithmetic(
      threads: options.threads, instructionSet: options.instructionSet, numerics: numerics)
  }

  /// The model without an engine, so that two arithmetics can go through it token by token.
  private func network(contextLength: Int, _ options: EngineOptions) throws -> LanguageModel {
    let (path, adapter) = (try model.path(), try model.adapterPath())
    do throws(CheckpointError) {
      let checkpoint = try Checkpoint.open(path, adapter: adapter)
      let family = Families.family(of: checkpoint.configuration.architecture)
      let built = try family?.build(
        checkpoint, BuildOptions(contextLength: contextLength, cacheType: options.cacheType))
      if let built { return built }
    } catch { throw CommandFailure(error.description) }
    // An engine has loaded it before.
    throw CommandFailure("\(path) is of a family that this program does not run")
  }

  private func source(_ loaded: LoadedModel) throws -> NumericsComparison.Source {
    guard let text else {
      let special = loaded.tokenizer.specialTokens
      return .drawn(count: tokens, first: special.bos ?? special.eos.min() ?? 0)
    }
    guard let bytes = FileManager.default.contents(atPath: text) else {
      throw CommandFailure("\(text) can't be read")
    }
    do {
      let found = try loaded.tokenizer.encode(prompt: String(decoding: bytes, as: UTF8.self))
      guard !found.isEmpty else { throw CommandFailure("\(text) has no tokens") }
      return .text(Array(found.prefix(tokens)))
    } catch let error as TokenizerError {
      throw CommandFailure(error.description)
    }
  }
}
