/// A scenario that was played: what was asked, said and captured.
struct DemoRun {
  /// A hook and its tensors, one per pass.
  struct Track {
    let hook: DemoHook
    var shapes: [[Int]] = []
    var values: [[Float]] = []

    /// Euclidean norm of the last position of each pass.
    var norms: [Float] {
      zip(shapes, values).map { shape, values in
        let width = shape.last ?? 1
        return values.suffix(width).reduce(Float(0)) { $0 + $1 * $1 }.squareRoot()
      }
    }
  }

  let scenario: DemoScenario
  let start: DemoStart
  var tracks: [Track]
  var answer = ""
  var passes = 0
  var finishReason: String?
  var completionTokens = 0
  /// Milliseconds after the run's start.
  var firstTokenMs: Double?
  var endMs = 0.0

  init(_ scenario: DemoScenario, _ start: DemoStart) {
    self.scenario = scenario
    self.start = start
    tracks = start.run.hooks.sorted { $0.index < $1.index }.map { Track(hook: $0) }
  }

  /// Takes an event in.
  mutating func receive(_ event: DemoEvent) throws {
    endMs = max(endMs, event.timeMs ?? 0)
    switch event.type {
    case "activation":
      guard let index = event.hookIndex, tracks.indices.contains(index) else {
        throw CommandFailure("an activation of no known hook came")
      }
      let tensor = try event.tensor()
      tracks[index].shapes.append(tensor.shape)
      tracks[index].values.append(tensor.values)
    case "token":
      answer += event.text ?? ""
      passes += 1
      if firstTokenMs == nil { firstTokenMs = event.timeMs }
    case "text": answer += event.text ?? ""
    case "run.finished":
      finishReason = event.finishReason
      completionTokens = event.usage?.completionTokens ?? 0
    case "error": throw CommandFailure(event.message ?? "the run failed")
    default: break
    }
  }

  /// What has to hold, and whether it does.
  var checks: [(what: String, holds: Bool)] {
    var checks = [
      ("ended by itself", finishReason == "stop" || finishReason == "length"),
      ("\(passes) tokens in the usage", completionTokens == passes),
      ("streamed", passes < 2 || (firstTokenMs ?? endMs) < endMs),
    ]
    if !tracks.isEmpty {
      checks += [
        ("one tensor per hook and pass", tracks.allSatisfy { $0.values.count == passes }),
        ("\(start.run.promptTokens) prompt positions", hasPrompt),
        (
          "finite numbers",
          tracks.allSatisfy { $0.values.allSatisfy { $0.allSatisfy(\.isFinite) } }
        ),
      ]
    }
    if let expected = scenario.expectAny {
      let words = expected.joined(separator: " or ")
      let folded = answer.lowercased()
      checks.append(
        ("says \(words)", expected.contains { folded.contains($0.lowercased()) }))
    }
    return checks
  }

  private var hasPrompt: Bool {
    tracks.allSatisfy { track in
      track.shapes.first.map { $0.dropFirst().contains(start.run.promptTokens) } ?? false
    }
  }
}
