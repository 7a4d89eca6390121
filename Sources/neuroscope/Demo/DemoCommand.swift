internal import ArgumentParser

/// `neuroscope demo`: the documented workflow, live, against a server.
struct DemoCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "demo",
    abstract: "Play the documented scenarios and check what comes back.",
    discussion: """
      Starts a server of its own unless --server names one. Answers appear as they are generated; below them, \
      each hook's norm per token. Exits with a failure where a check fails.

      Steps: requirements, check, capture, circuits, streaming, attention, residual; and tests, which runs only \
      when named.

      Examples:
        neuroscope demo
        neuroscope demo capture streaming --output captured/
        neuroscope demo --server http://127.0.0.1:8080
        neuroscope demo tests --model smollm2-135m
      """)

  @Argument(help: "Steps to run; without any, all but tests.")
  var steps: [DemoStep] = []
  @OptionGroup var model: ModelFlag
  @OptionGroup var engine: EngineFlags
  @Option(help: "A server that is running, such as http://127.0.0.1:8080.")
  var server: String?
  @Option(help: "Folder to write the captured data to, as JSON and safetensors.")
  var output: String?
  @Option(help: "Seed of all generations.")
  var seed: UInt64 = 1

  func run() async throws {
    let console = Console()
    let host: DemoHost
    if let server {
      host = DemoHost(running: server)
    } else {
      host = try await DemoHost(model: model, engine: engine)
    }
    var player = DemoPlayer(
      client: try ServerClient(host.address), console: console,
      archive: try output.map(DemoArchive.init), seed: seed)
    do {
      try await player.play(steps.isEmpty ? DemoStep.usual : steps)
    } catch {
      await host.close()
      throw error
    }
    await host.close()
    console.line()
    console.line("\(player.passed) checks passed, \(player.failed) failed")
    if player.failed > 0 { throw ExitCode.failure }
  }
}
