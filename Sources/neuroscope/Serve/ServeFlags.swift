internal import API
internal import ArgumentParser
internal import Engine
internal import Foundation
internal import HTTP
internal import Logging
internal import Traces

/// All that a server can be told at its start.
struct ServeFlags: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "A JSON object of options; the environment and the command line overrule it (NEUROSCOPE_CONFIG).",
      discussion:
        "Their names without the dashes: {\"port\": 8080, \"models-dir\": [\"/srv/models\"]}.",
      valueName: "file"),
    completion: .file(extensions: ["json"]))
  var config: String?

  @OptionGroup var model: ModelFlag
  @OptionGroup var engine: EngineFlags

  @Option(help: "Name of the model in requests (NEUROSCOPE_MODEL_ID). Default: its file's name.")
  var modelID: String?

  @Flag(help: "Start without a model.")
  var noModel = false

  @OptionGroup var place: ListenFlags

  @Option(
    help: ArgumentHelp(
      "Directory that clients may load models from; repeatable (NEUROSCOPE_MODELS_DIR, with colons).",
      discussion:
        "Without it, only the model that comes with the program, fetched models and the one of --model. '/' allows all.",
      valueName: "path"))
  var modelsDir: [String] = []

  @Option(
    help: ArgumentHelp(
      "Pages that may call besides this machine's; repeatable (NEUROSCOPE_ALLOW_ORIGIN, with commas).",
      discussion: "An origin such as https://example.org, or '*' for every one.",
      valueName: "origin"))
  var allowOrigin: [String] = []

  @Option(
    help: "Bytes that the captures of one run may weigh (NEUROSCOPE_CAPTURE_BUDGET). Default: 1G.")
  var captureBudget: ByteCount?

  @Option(
    help: ArgumentHelp(
      "Bytes that captures of all runs may take at once (NEUROSCOPE_CAPTURE_MEMORY). Default: 1G.",
      discussion: "A pass whose captures have no room waits; one client may have three fourths."))
  var captureMemory: ByteCount?

  @Option(
    help: "Bytes that recent events may take in memory (NEUROSCOPE_MEMORY_BUDGET). Default: 512M.")
  var memoryBudget: ByteCount?

  @Option(
    help: ArgumentHelp(
      "Bytes that may wait for all clients together (NEUROSCOPE_OUTBOX_BUDGET). Default: 256M.",
      discussion:
        "Above half of it slow viewers lose frames sooner; above it those that read nothing are cut off, slowest first."
    ))
  var outboxBudget: ByteCount?

  @Option(
    help: ArgumentHelp(
      "Seconds that a paused run stays without viewer or command (NEUROSCOPE_IDLE_SECONDS). Default: 3600.",
      discussion:
        "A replay likewise. Its object tells the end as expires_at, and an event a tenth of the time before. 0 keeps it for ever.",
      valueName: "seconds"))
  var idleSeconds: Double?

  @Option(
    help: ArgumentHelp(
      "Folder of recordings (NEUROSCOPE_RECORDINGS_DIR).",
      discussion: "Default: neuroscope/recordings below $XDG_DATA_HOME or ~/.local/share.",
      valueName: "path"))
  var recordingsDir: String?

  @Option(help: "Bytes that one recording may have (NEUROSCOPE_RECORDING_QUOTA). Default: 4G.")
  var recordingQuota: ByteCount?

  @Option(
    help: ArgumentHelp(
      "Another name of a model in requests, as NAME or NAME=MODEL; repeatable (NEUROSCOPE_ALIAS, with commas).",
      discussion: "A NAME alone stands for the current model: --alias gpt-4o.", valueName: "name"))
  var alias: [String] = []

  @Flag(help: "Refuse every member of a request that is not known, on OpenAI's endpoints too.")
  var strict = false

  @Flag(help: "Open the page in a browser.")
  var open = false

  @Option(
    help: "Bytes that all recordings may have (NEUROSCOPE_RECORDINGS_LIMIT). Default: 64G.")
  var recordingsLimit: ByteCount?

  @Option(
    help: ArgumentHelp(
      "Finished recordings that are kept (NEUROSCOPE_RECORDINGS_KEEP). Default: all.",
      discussion: "When another begins, the oldest that are more are deleted.",
      valueName: "count"))
  var recordingsKeep: Int?

  @Option(
    help: ArgumentHelp(
      "Folder of harvests that are kept in files (NEUROSCOPE_HARVESTS_DIR).",
      discussion: "Default: none; harvests are then only streamed.", valueName: "path"))
  var harvestsDir: String?

  @Option(
    help: "Bytes that all harvests may have (NEUROSCOPE_HARVESTS_LIMIT). Default: 64G.")
  var harvestsLimit: ByteCount?

  @Flag(help: "Let no run be recorded.")
  var noRecordings = false

  @Option(help: "From trace to critical (NEUROSCOPE_LOG_LEVEL). Default: notice.")
  var logLevel: String?

  @Option(help: "How the log is written: text or json, a line each (NEUROSCOPE_LOG_FORMAT).")
  var logFormat: LogFormat?

  @Option(
    help: ArgumentHelp(
      "Other names that /metrics tells too; repeatable (NEUROSCOPE_METRICS_ALIASES, with commas).",
      discussion: "llamacpp: those of llama.cpp's server, for its boards.", valueName: "names"))
  var metricsAliases: [String] = []

  @Option(
    help: ArgumentHelp(
      "Collector that traces are sent to, over HTTP as JSON (NEUROSCOPE_OTLP_ENDPOINT). Default: none.",
      discussion:
        "Its base address, such as http://127.0.0.1:4318; /v1/traces follows. No prompts and no answers are sent.",
      valueName: "url"))
  var otlpEndpoint: String?

  @Flag(help: "Serve /v1/echo, for conformance tests of the WebSocket.")
  var conformanceEcho = false

  private static let levels = Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")

  /// A model to begin with.
  struct Model {
    let path: String
    let adapter: String?
    let id: String?
  }

  /// What the options come to.
  struct Setup {
    let options: ServerOptions
    let logger: Logger
    let model: Model?
    let opensPage: Bool
  }

  /// The environment and the file that stand behind the command line.
  ///
  /// - Throws: ``CommandFailure`` where the file can't be read or has an option that does not exist.
  func settings(
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) throws -> Settings {
    let named = environment["NEUROSCOPE_CONFIG"].flatMap { $0.isEmpty ? nil : $0 }
    guard let path = config ?? named else { return Settings(environment: environment) }
    return Settings(file: try SettingsFile(reading: path), environment: environment)
  }

  /// Reads every option.
  ///
  /// - Throws: ``CommandFailure`` that says which can't be so, and where it was set.
  func setup(_ settings: Settings) throws -> Setup {
    let format = try settings.value(logFormat, .logFormat, default: .text)
    var logger = Logger(label: "neuroscope") { format.handler(label: $0) }
    let level = try settings.value(logLevel, .logLevel, default: "notice")
    guard let known = Logger.Level(rawValue: level) else {
      throw CommandFailure(
        "\(settings.place(of: .logLevel)) can't be \(level); known: \(Self.levels)")
    }
    logger.logLevel = known
    let options = try options(settings)
    return Setup(
      options: options, logger: logger, model: try startModel(settings),
      opensPage: try settings.isOn(open, .open))
  }

  private func startModel(_ settings: Settings) throws -> Model? {
    let id = try settings.value(modelID, .modelID)
    guard try !settings.isOn(noModel, .noModel) else { return nil }
    return Model(
      path: try model.path(settings), adapter: try model.adapterPath(settings), id: id)
  }

  private func options(_ settings: Settings) throws -> ServerOptions {
    var options = ServerOptions()
    options.engine = try engine.options(settings)
    try place.apply(to: &options, settings)
    options.modelDirectories = settings.list(modelsDir, .modelsDir)
    options.fetchedModels = ModelLocator.cacheFolder(ProcessInfo.processInfo.environment)
    options.allowedOrigins = settings.list(allowOrigin, .allowOrigin)
    let recordings = try settings.value(
      recordingsDir, .recordingsDir, default: Self.defaultRecordings)
    options.recordingsDirectory =
      try settings.isOn(noRecordings, .noRecordings) ? nil : recordings
    func bytes(_ given: ByteCount?, _ name: SettingName, _ standard: Int) throws -> Int {
      try settings.value(given, name, default: ByteCount(standard)).count
    }
    options.recordingQuota = try bytes(recordingQuota, .recordingQuota, options.recordingQuota)
    options.recordingsLimit = try bytes(recordingsLimit, .recordingsLimit, options.recordingsLimit)
    options.harvestsLimit = try bytes(harvestsLimit, .harvestsLimit, options.harvestsLimit)
    options.captureBudget = try bytes(captureBudget, .captureBudget, options.captureBudget)
    options.engine.captureMemory = try bytes(
      captureMemory, .captureMemory, options.engine.captureMemory)
    options.memoryBudget = try bytes(memoryBudget, .memoryBudget, options.memoryBudget)
    options.transport.outboxes = try bytes(
      outboxBudget, .outboxBudget, options.transport.outboxes)
    options.recordingsKept = try settings.value(recordingsKeep, .recordingsKeep)
    if let count = options.recordingsKept, count < 0 {
      throw CommandFailure("\(settings.place(of: .recordingsKeep)) can't be \(count)")
    }
    options.harvestsDirectory = try settings.value(harvestsDir, .harvestsDir)
    options.isStrict = try settings.isOn(strict, .strict)
    options.idleSeconds = try settings.value(
      idleSeconds, .idleSeconds, default: options.idleSeconds)
    guard (0...1e9).contains(options.idleSeconds) else {
      throw CommandFailure(
        "\(settings.place(of: .idleSeconds)) can't be \(options.idleSeconds); from 0 to 1000000000")
    }
    for alias in settings.list(alias, .alias) {
      let parts = alias.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard let name = parts.first, !name.isEmpty else {
        throw CommandFailure(
          "\(settings.place(of: .alias)) \(alias) names nothing; write NAME or NAME=MODEL")
      }
      options.aliases[String(name)] = parts.count == 2 ? String(parts[1]) : ""
    }
    options.servesEcho = try settings.isOn(conformanceEcho, .conformanceEcho)
    if let text = try settings.value(otlpEndpoint, .otlpEndpoint) {
      guard let address = CollectorAddress(text) else {
        throw CommandFailure(
          "\(settings.place(of: .otlpEndpoint)) can't be \(text); write http://HOST:PORT or https://HOST:PORT, without password and query"
        )
      }
      options.collector = address
    }
    for name in settings.list(metricsAliases, .metricsAliases) {
      guard name == "llamacpp" else {
        throw CommandFailure(
          "\(settings.place(of: .metricsAliases)) can't be \(name); known: llamacpp")
      }
      options.servesMetricAliases = true
    }
    return options
  }

  private static var defaultRecordings: String {
    let environment = ProcessInfo.processInfo.environment
    let home = environment["HOME"] ?? NSHomeDirectory()
    let data = environment["XDG_DATA_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil }
    return (data ?? home + "/.local/share") + "/neuroscope/recordings"
  }
}
