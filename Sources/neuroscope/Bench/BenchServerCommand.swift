internal import ArgumentParser
internal import Engine
internal import Foundation
internal import Frames
internal import JSON
internal import Hooks
internal import API

/// `neuroscope bench server`: a whole server with viewers on its WebSockets, captures off and on in turn.
struct BenchServerCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "server",
    abstract: "Generation streamed to viewers over WebSocket.",
    discussion: """
      Starts a server, joins a paused run with the viewers, lets it go, and reads what comes. The decode speed \
      is the server's own; first token and gaps are what the first viewer sees.
      """)

  @OptionGroup var model: ModelFlag
  @OptionGroup var engine: EngineFlags
  @OptionGroup var flags: BenchFlags
  @Option(help: "Prompt tokens.")
  var prompt = 32
  @Option(help: "Tokens to generate at most.")
  var generate = 128
  @Option(help: "residual, components (residual, attention, mlp), all or none.")
  var capture = BenchCapture.residual
  @Option(help: "Element type of the frames: bf16, f16, f32 or i8.")
  var encoding = "bf16"
  @Option(help: "Packing of the frames: planes, deflate or raw.")
  var codec = "planes"
  @Option(help: "Viewers on the run.")
  var viewers = 1

  func validate() throws {
    guard FrameElementType(name: encoding) != nil else {
      throw ValidationError("--encoding can't be \(encoding)")
    }
    guard FrameCodec(name: codec) != nil else {
      throw ValidationError("--codec can't be \(codec)")
    }
    guard (1...1000).contains(viewers), prompt > 0, generate > 1 else {
      throw ValidationError("--viewers must be 1 to 1000, --prompt above 0, --generate above 1")
    }
  }

  func run() async throws {
    let console = Console()
    let host = try await DemoHost(model: model, engine: engine)
    let report = BenchReport(
      console: console, isJSON: flags.json, suite: "server",
      machine: BenchMachine(commit: flags.commit), setting: try setting(host))
    report.begin()
    do { try await measure(host, report) } catch {
      await host.close()
      throw error
    }
    await host.close()
  }

  private func measure(_ host: DemoHost, _ report: BenchReport) async throws {
    let captures: [BenchCapture] = capture == .none ? [.none] : [.none, capture]
    _ = try await round(host, capture: .none, seed: 0)
    var rounds: [BenchCapture: [Round]] = [:]
    for seed in 1...flags.rounds {
      for capture in captures {
        rounds[capture, default: []].append(
          try await round(host, capture: capture, seed: UInt64(seed)))
      }
    }
    for capture in captures {
      let measured = rounds[capture] ?? []
      let name = "capture \(capture.rawValue)"
      let against =
        capture == .none
        ? nil : (name: "capture none", rounds: (rounds[.none] ?? []).map(\.decodeSpeed))
      try report.show(
        BenchRow(
          "decode, \(name)", unit: "tokens/s", rounds: measured.map(\.decodeSpeed), against: against
        ))
      try report.show(
        BenchRow("first token, \(name)", unit: "ms", rounds: measured.map(\.firstToken)))
      try report.show(
        BenchRow("gap p50, \(name)", unit: "ms", rounds: measured.map { $0.gap(0.5) }))
      try report.show(
        BenchRow("gap p99, \(name)", unit: "ms", rounds: measured.map { $0.gap(0.99) }))
      try report.show(
        BenchRow(
          "to each viewer, \(name)", unit: "KiB/token", rounds: measured.map(\.kibibytesPerToken)))
    }
  }

  /// What one generation looked like.
  private struct Round {
    var decodeSpeed = 0.0
    var firstToken = 0.0
    var gaps: [Double] = []
    var kibibytesPerToken = 0.0

    /// The gap that a share of all gaps stays below.
    func gap(_ share: Double) -> Double {
      guard !gaps.isEmpty else { return 0 }
      return gaps[min(Int(share * Double(gaps.count)), gaps.count - 1)]
    }
  }

  private struct Order: Encodable {
    struct Format: Encodable {
      let dtype: String
      let codec: String
    }

    struct Hook: Encodable {
      let layerName: String
      let component: String
      let hookId: String

      enum CodingKeys: String, CodingKey {
        case component
        case layerName = "layer_name"
        case hookId = "hook_id"
      }
    }

    let tokens: [Int]
    let maxTokens: Int
    let temperature = 1.0
    let seed: UInt64
    let detach = true
    let start = "paused"
    let frames: Format
    let activationHooks: [Hook]

    enum CodingKeys: String, CodingKey {
      case tokens, temperature, seed, detach, start, frames
      case maxTokens = "max_tokens"
      case activationHooks = "activation_hooks"
    }
  }

  private struct Started: Decodable {
    let runId: String
  }

  private struct Nothing: Codable {}

  private func round(_ host: DemoHost, capture: BenchCapture, seed: UInt64) async throws -> Round {
    let client = try ServerClient(host.address)
    guard let port = client.base.port.flatMap({ UInt16(exactly: $0) }) else {
      throw CommandFailure("the server has no port")
    }
    let hooks = host.catalogue.map { capture.specs($0) } ?? []
    let vocabulary = host.catalogue?.vocabularySize ?? 256
    let order = Order(
      tokens: (0..<prompt).map { ($0 * 7919 + Int(seed) * 104_729) % vocabulary },
      maxTokens: generate, seed: seed, frames: Order.Format(dtype: encoding, codec: codec),
      activationHooks: hooks.map {
        Order.Hook(
          layerName: $0.layerName, component: $0.component.rawValue, hookId: $0.hookID)
      })
    let run = try await client.post("/v1/runs", order, as: Started.self).runId
    let watching = try (0..<viewers).map { _ in try BenchViewer(port: port, run: run) }
    let sights = Task { await Self.watch(watching) }
    let begin = ContinuousClock.now
    _ = try await client.post("/v1/runs/\(run)/resume", Nothing(), as: Nothing.self)
    return Self.summary(await sights.value, since: begin)
  }

  private static func watch(_ viewers: [BenchViewer]) async -> [BenchViewer.Sight] {
    await withTaskGroup(of: BenchViewer.Sight.self) { group in
      for viewer in viewers { group.addTask { await viewer.watch() } }
      return await group.reduce(into: []) { $0.append($1) }
    }
  }

  private static func summary(
    _ sights: [BenchViewer.Sight], since begin: ContinuousClock.Instant
  ) -> Round {
    var round = Round()
    guard let sight = sights.first, let first = sight.tokens.first else { return round }
    round.decodeSpeed = sight.decodeSpeed
    round.firstToken = (first - begin) / .milliseconds(1)
    round.gaps = zip(sight.tokens.dropFirst(), sight.tokens).map { ($0 - $1) / .milliseconds(1) }
      .sorted()
    round.kibibytesPerToken = Double(sight.bytes) / Double(sight.tokens.count) / 1024
    return round
  }

  private func setting(_ host: DemoHost) throws -> [String: String] {
    [
      "model": host.model ?? "", "threads": String(try engine.options().threads),
      "viewers": String(viewers), "frames": "\(encoding) \(codec)", "prompt": String(prompt),
    ]
  }
}
