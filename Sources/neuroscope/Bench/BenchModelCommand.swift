internal import ArgumentParser
internal import Engine
internal import Tensors
internal import Tokenizers

/// `neuroscope bench model`: prompt and decode speed, with and without captures in turn.
struct BenchModelCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "model",
    abstract: "Prompt and decode speed; the default suite.",
    discussion: """
      As llama-bench does, the prompt is measured by itself, and decoding behind a context of --depth tokens. \
      With --capture, each round measures both without and with it, so that the ratio is of neighbours in time. \
      What is captured is copied and dropped; `bench server` measures it on its way to viewers.
      """)

  @OptionGroup var model: ModelFlag
  @OptionGroup var engine: EngineFlags
  @OptionGroup var flags: BenchFlags

  @Option(help: "Prompt tokens; 0 leaves that measurement out.")
  var prompt = 512
  @Option(help: "Tokens to decode; 0 leaves that measurement out.")
  var generate = 128
  @Option(help: "Tokens in the context before decoding begins.")
  var depth = 1
  @Option(help: "Sessions that decode side by side.")
  var batch = 1
  @Option(help: "none, residual, components (residual, attention, mlp) or all.")
  var capture = BenchCapture.none

  func validate() throws {
    guard prompt >= 0, generate >= 0, prompt + generate > 0 else {
      throw ValidationError("--prompt and --generate can't both be 0, nor below it")
    }
    guard depth >= 1 else { throw ValidationError("--depth must be at least 1") }
    guard (1...256).contains(batch) else { throw ValidationError("--batch must be 1 to 256") }
  }

  func run() async throws {
    let console = Console()
    var options = try engine.options()
    // Every round computes its prompt anew.
    options.keptPrefixes = 0
    options.maxActive = max(options.maxActive, batch)
    options.contextLength = max(prompt, depth + generate) + 1
    let engine = Engine(options: options)
    let loaded = try await ModelLoading(console: console).load(
      model, into: engine, contextLength: options.contextLength)
    let report = BenchReport(
      console: console, isJSON: flags.json, suite: "model",
      machine: BenchMachine(commit: flags.commit), setting: setting(loaded, options))
    report.begin()
    let runner = BenchRunner(engine: engine, model: loaded)
    _ = try await runner.promptSeconds(tokens: min(prompt, 32) + 1, capture: .none, seed: 0)
    if prompt > 0 { try await measurePrompt(runner, report) }
    if generate > 0 { try await measureDecode(runner, report) }
    if let memory = BenchMachine.ownMemory {
      try report.show(
        BenchRow(
          "memory beyond the mapped files", unit: "MiB", rounds: [Double(memory) / 1_048_576]))
    }
  }

  private var captures: [BenchCapture] { capture == .none ? [.none] : [.none, capture] }

  private func measurePrompt(_ runner: BenchRunner, _ report: BenchReport) async throws {
    var rounds: [BenchCapture: [Double]] = [:]
    for round in 0..<flags.rounds {
      for capture in captures {
        let seconds = try await runner.promptSeconds(
          tokens: prompt, capture: capture, seed: UInt64(round))
        rounds[capture, default: []].append(Figures.perSecond(prompt, seconds))
      }
    }
    try show("prompt \(prompt)", rounds, report)
  }

  private func measureDecode(_ runner: BenchRunner, _ report: BenchReport) async throws {
    var rounds: [BenchCapture: [Double]] = [:]
    for round in 0..<flags.rounds {
      for capture in captures {
        let speed = try await runner.decodeSpeed(
          tokens: generate, depth: depth, batch: batch, capture: capture, seed: UInt64(round))
        rounds[capture, default: []].append(speed)
      }
    }
    let beside = batch > 1 ? ", \(batch) sessions in all" : ""
    try show("decode \(generate) at depth \(depth)\(beside)", rounds, report)
  }

  private func show(
    _ name: String, _ rounds: [BenchCapture: [Double]], _ report: BenchReport
  ) throws {
    for capture in captures {
      let against =
        capture == .none ? nil : (name: "capture none", rounds: rounds[.none] ?? [])
      try report.show(
        BenchRow(
          "\(name), capture \(capture.rawValue)", unit: "tokens/s", rounds: rounds[capture] ?? [],
          against: against))
    }
  }

  private func setting(_ loaded: LoadedModel, _ options: EngineOptions) -> [String: String] {
    [
      "model": loaded.info.id, "quantization": loaded.info.quantization ?? "F32",
      "threads": String(options.threads), "instructions": options.instructionSet.rawValue,
      "numerics": loaded.info.precision.numerics, "cache": options.cacheType.name,
    ]
  }
}
