internal import Foundation

/// Plays steps against a server, shows what happens and counts the checks.
struct DemoPlayer {
  let client: ServerClient
  let console: Console
  let archive: DemoArchive?
  let seed: UInt64
  private(set) var passed = 0
  private(set) var failed = 0

  init(client: ServerClient, console: Console, archive: DemoArchive?, seed: UInt64) {
    self.client = client
    self.console = console
    self.archive = archive
    self.seed = seed
  }

  mutating func play(_ steps: [DemoStep]) async throws {
    let scenarios = try await client.get("/v1/scenarios", as: DemoScenarios.self).scenarios
    for step in steps {
      console.line()
      console.line(bold("== \(step.title)"))
      if step == .requirements {
        try await checkRequirements(scenarios)
      } else {
        let chosen = scenarios.filter(step.contains)
        if chosen.isEmpty { check([("the server knows the scenarios of this step", false)]) }
        for scenario in chosen { try await play(scenario) }
      }
    }
  }

  private mutating func checkRequirements(_ scenarios: [DemoScenario]) async throws {
    let health = try await client.get("/health", as: DemoHealth.self)
    console.line("server \(client.base.absoluteString), version \(health.version)")
    console.line("model \(health.currentModel ?? "none"), \(scenarios.count) scenarios")
    check([
      ("the server is healthy", health.status == "healthy"),
      ("a model is ready", health.ready && health.currentModel != nil),
    ])
  }

  private struct Order: Encodable {
    struct Frames: Encodable {
      let dtype = "f32"
      let codec = "planes"
    }

    let seed: UInt64
    let frames = Frames()
  }

  private mutating func play(_ scenario: DemoScenario) async throws {
    console.line()
    console.line(bold(scenario.title) + dim("  \(scenario.name)"))
    console.line("  ? " + scenario.question)
    let start = try await client.post(
      "/v1/scenarios/\(scenario.name)/run", Order(seed: seed), as: DemoStart.self)
    for change in start.scaledLayers {
      console.line(
        dim("  \(change.hookId): layer \(change.layer) stands for \(change.documentedLayer) of 24"))
    }
    var run = DemoRun(scenario, start)
    console.write("  > ")
    for try await event in client.events("/v1/runs/\(start.runId)/events?tensors=base64") {
      if let text = event.text, event.type == "token" || event.type == "text" {
        console.write(
          text.split(separator: "\n", omittingEmptySubsequences: false).joined(separator: "\n    "))
      }
      try run.receive(event)
      if event.type == "run.finished" { break }
    }
    console.line()
    show(run)
    check(run.checks)
    for file in try archive?.write(run) ?? [] { console.line(dim("  written to \(file)")) }
  }

  private func show(_ run: DemoRun) {
    let first = run.firstTokenMs ?? 0
    let speed = Figures.rate(run.passes - 1, (run.endMs - first) / 1000)
    console.line(
      dim(
        "  \(run.start.run.promptTokens) prompt tokens, first token after \(Figures.short(first)) ms, "
          + "\(run.passes) tokens at \(speed)/s"))
    let width = run.tracks.map(\.hook.label.count).max() ?? 0
    if !run.tracks.isEmpty {
      let columns = "hook".padded(to: width + 2) + "prompt's pass".padded(to: 16)
      console.line(dim("    " + columns + "norm    token by token"))
    }
    for track in run.tracks {
      let norms = track.norms
      let shape = track.shapes.first.map { "\($0)" } ?? "nothing"
      console.line(
        "    " + track.hook.label.padded(to: width + 2) + shape.padded(to: 16)
          + Figures.short(norms.last ?? 0).padded(to: 8)
          + Sparkline.draw(norms, columns: 48))
    }
  }

  /// Counts checks; those that hold share a line.
  private mutating func check(_ checks: [(what: String, holds: Bool)]) {
    let held = checks.filter(\.holds).map(\.what)
    let broken = checks.filter { !$0.holds }.map(\.what)
    passed += held.count
    failed += broken.count
    if !held.isEmpty { console.line("  ✓ " + held.joined(separator: ", ")) }
    for what in broken { console.line("  ✗ FAILED: \(what)") }
  }

  private func bold(_ text: String) -> String {
    console.hasColour ? "\u{1B}[1m\(text)\u{1B}[0m" : text
  }
  private func dim(_ text: String) -> String {
    console.hasColour ? "\u{1B}[2m\(text)\u{1B}[0m" : text
  }
}
