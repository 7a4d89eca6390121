internal import ArgumentParser
internal import Foundation

/// `neuroscope ps`: what a server is doing.
struct PsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ps",
    abstract: "Show what a server has loaded and runs.",
    discussion: """
      Unfinished runs and the last finished ones, the newest first. With keys, those that the key may see.

      Examples:
        neuroscope ps
        neuroscope ps --url http://lab.example:8080 --api-key "$KEY"
        neuroscope ps --json | jq '.runs[].run_id'
      """)

  @Option(help: "The server.")
  var url = "http://127.0.0.1:8080"
  @Option(help: ArgumentHelp("A key of the server (NEUROSCOPE_API_KEY).", valueName: "key"))
  var apiKey: String?
  @Flag(help: "Print one JSON document.")
  var json = false

  private struct Models: Decodable {
    let data: [Model]
  }

  private struct Runs: Decodable {
    let runs: [Run]
  }

  /// What is shown of a model.
  struct Model: Codable {
    let id: String
    let modelType: String?
    let parameters: Int?
    let quantization: String?
    let contextLength: Int?
    let numerics: String?
    let precision: [Precision]?
  }

  /// What products do with activations before weights that are stored alike.
  struct Precision: Codable {
    let weights: String
    let share: Double
    let prompt: String
    let decode: String

    var rounds: Bool { prompt != "float32" || decode != "float32" }
  }

  /// What is shown of a run.
  struct Run: Codable {
    let runId: String
    let status: String
    let model: String?
    let promptTokens: Int
    let completionTokens: Int
    let viewers: Int
    let created: Int
  }

  private struct Document: Encodable {
    let models: [Model]
    let runs: [Run]
  }

  func run() async throws {
    let console = Console()
    let key = apiKey ?? ProcessInfo.processInfo.environment["NEUROSCOPE_API_KEY"]
    let client = try ServerClient(url, key: key)
    var models: [Model] = []
    // The list names them; what they are each says itself.
    for model in try await client.get("/v1/models", as: Models.self).data {
      let unreserved = CharacterSet.alphanumerics.union(CharacterSet(charactersIn: "-._~"))
      let name = model.id.addingPercentEncoding(withAllowedCharacters: unreserved) ?? model.id
      models.append(try await client.get("/v1/models/\(name)", as: Model.self))
    }
    let runs = try await client.get("/v1/runs", as: Runs.self).runs
    if json { return try console.json(Document(models: models, runs: runs), pretty: true) }
    for line in Self.lines(models, runs, now: Int(Date().timeIntervalSince1970)) {
      console.line(line)
    }
  }

  /// A table of the models and one of the runs.
  ///
  /// - Parameter now: seconds since 1970.
  static func lines(_ models: [Model], _ runs: [Run], now: Int) -> [String] {
    var loaded = TextTable("MODEL", "FAMILY", "PARAMETERS", "WEIGHTS", "CONTEXT", "NUMERICS")
    for model in models {
      loaded.append([
        model.id, model.modelType ?? "", model.parameters.map(Figures.count) ?? "",
        model.quantization ?? "", model.contextLength.map(String.init) ?? "", numerics(model),
      ])
    }
    var made = TextTable("RUN", "STATUS", "MODEL", "TOKENS", "VIEWERS", "BEGUN")
    for run in runs {
      made.append([
        run.runId, run.status, run.model ?? "", "\(run.promptTokens) + \(run.completionTokens)",
        String(run.viewers), age(now - run.created),
      ])
    }
    return loaded.lines + [""] + (runs.isEmpty ? ["no runs"] : made.lines)
  }

  /// `exact`, or how much of prompts and of decoding is multiplied with rounded activations.
  private static func numerics(_ model: Model) -> String {
    guard let precision = model.precision, precision.contains(where: { $0.rounds }) else {
      return model.numerics ?? ""
    }
    func share(_ used: KeyPath<Precision, String>) -> String {
      let rounded = precision.filter { $0[keyPath: used] != "float32" }
      return "\(Int((rounded.reduce(0) { $0 + $1.share } * 100).rounded())) %"
    }
    return "\(model.numerics ?? "") (prompts \(share(\.prompt)), decoding \(share(\.decode)))"
  }

  /// How long ago, in the largest unit that is whole.
  private static func age(_ seconds: Int) -> String {
    switch max(seconds, 0) {
    case 86_400...: "\(seconds / 86_400) d ago"
    case 3600...: "\(seconds / 3600) h ago"
    case 60...: "\(seconds / 60) min ago"
    case let seconds: "\(seconds) s ago"
    }
  }
}
