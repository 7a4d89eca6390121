internal import API
internal import ArgumentParser
internal import Checkpoints
internal import Foundation
internal import Hub

/// `neuroscope list`: the models that can be named, without loading one.
struct ListCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list",
    abstract: "Show the models that are here.",
    discussion: """
      The model that comes with the program and those that `neuroscope pull` fetched; each can be given to --model \
      by its name.

      Examples:
        neuroscope list
        neuroscope list --json | jq -r '.models[].path'
      """)

  @Flag(help: "Print one JSON document.")
  var json = false

  /// One model of the list.
  struct Entry: Encodable {
    let name: String
    let path: String
    var family: String?
    var parameters: Int?
    var quantization: String?
    var fileBytes: Int?
    /// Why it can't be used, where it can't.
    var problem: String?

    /// Reads the headers at a path.
    init(path: String) {
      self.path = path
      let url = URL(fileURLWithPath: path)
      name =
        url.pathExtension == "gguf"
        ? url.deletingPathExtension().lastPathComponent : url.lastPathComponent
      do throws(CheckpointError) {
        let summary = try Checkpoint.open(path).summary
        family = summary.configuration.architecture
        parameters = summary.parameterCount
        quantization = summary.quantization ?? "F32"
        fileBytes = summary.fileBytes
      } catch { problem = error.description }
    }
  }

  private struct Document: Encodable {
    let models: [Entry]
  }

  /// The bundled model, then the fetched ones by name.
  static func entries(_ locator: ModelLocator) -> [Entry] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: locator.cache)) ?? []
    // What begins with a dot is a download under way.
    let fetched = names.filter { !$0.hasPrefix(".") }.sorted().map { locator.cache + "/" + $0 }
    return ((locator.installation.bundledModel.map { [$0] } ?? []) + fetched).map(Entry.init)
  }

  func run() throws {
    let console = Console()
    let locator = ModelLocator(installation: .current())
    let entries = Self.entries(locator)
    if json { return try console.json(Document(models: entries), pretty: true) }
    var table = TextTable("NAME", "FAMILY", "PARAMETERS", "WEIGHTS", "SIZE")
    for entry in entries {
      guard let family = entry.family, let parameters = entry.parameters else { continue }
      table.append([
        entry.name, family, Figures.count(parameters), entry.quantization ?? "",
        Figures.bytes(entry.fileBytes ?? 0),
      ])
    }
    for line in table.lines { console.line(line) }
    for entry in entries {
      if let problem = entry.problem { console.note("\(entry.name) can't be used: \(problem)") }
    }
    let missing = KnownModels.all.map(\.name).filter { name in !entries.contains { $0.name == name }
    }
    if !missing.isEmpty {
      console.note("To fetch: neuroscope pull \(missing.joined(separator: ", "))")
    }
  }
}
