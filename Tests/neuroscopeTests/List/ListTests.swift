import API
import Foundation
import TestKit
import Testing

@testable import neuroscope

@Suite struct ListTests {
  @Test func `models are listed by name, damaged ones with the reason`() throws {
    let cache = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    defer { try? FileManager.default.removeItem(at: cache) }
    let models = cache.appending(path: "neuroscope/models")
    try FileManager.default.createDirectory(at: models, withIntermediateDirectories: true)
    try FileManager.default.createSymbolicLink(
      at: models.appending(path: "fetched"),
      withDestinationURL: URL(fileURLWithPath: TestModels.bundled))
    try Data("GGUF".utf8).write(to: models.appending(path: "broken.gguf"))
    try Data().write(to: models.appending(path: ".half"))
    let locator = ModelLocator(
      installation: Installation(roots: []), environment: ["XDG_CACHE_HOME": cache.path])
    let entries = ListCommand.entries(locator)
    #expect(entries.map(\.name) == ["broken", "fetched"])
    #expect(entries[0].problem?.isEmpty == false && entries[0].family == nil)
    #expect(entries[1].problem == nil && (entries[1].parameters ?? 0) > 1_000_000)
    for entry in entries { #expect(try locator.path(of: entry.name) == entry.path) }
  }

  @Test func `what a server does is told in two tables`() {
    let model = PsCommand.Model(
      id: "tiny", modelType: "llama", parameters: 5_000_000, quantization: "Q4_0",
      contextLength: 512, numerics: "fast",
      precision: [
        .init(weights: "Q4_0", share: 0.8, prompt: "int8", decode: "int8"),
        .init(weights: "F16", share: 0.15, prompt: "bfloat16", decode: "float32"),
        .init(weights: "F32", share: 0.05, prompt: "float32", decode: "float32"),
      ])
    let run = PsCommand.Run(
      runId: "run_1", status: "running", model: "odd\nname", promptTokens: 7, completionTokens: 3,
      viewers: 2, created: 1000)
    #expect(
      PsCommand.lines([model], [run], now: 1000 + 7300) == [
        "MODEL  FAMILY  PARAMETERS  WEIGHTS  CONTEXT  NUMERICS",
        "tiny   llama   5.00 M      Q4_0     512      fast (prompts 95 %, decoding 80 %)",
        "",
        "RUN    STATUS   MODEL     TOKENS  VIEWERS  BEGUN",
        "run_1  running  odd⏎name  7 + 3   2        2 h ago",
      ])
    #expect(PsCommand.lines([], [], now: 0).last == "no runs")
  }
}
