internal import HTTP
internal import ArgumentParser
internal import Engine
internal import Foundation
internal import Logging
internal import API
internal import Sockets

/// `neuroscope serve`: the server.
struct Serve: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Serves a model over HTTP, server-sent events and WebSocket.",
    discussion: """
      EXAMPLES
        neuroscope serve
        neuroscope serve --model ~/models/SmolLM2-135M-Instruct.Q4_1.gguf --port 50111
        neuroscope serve --models-dir ~/models --models-dir /srv/models
        neuroscope serve --listen unix:/run/neuroscope.sock --listen [::1]:8080

      THEN
        open http://127.0.0.1:8080/
        curl -N http://127.0.0.1:8080/v1/chat/completions -d '{"stream":true,
          "messages":[{"role":"user","content":"What is the capital of France?"}]}'
      """)

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
      discussion: "Without it, from anywhere.", valueName: "path"))
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
      "Folder of recordings (NEUROSCOPE_RECORDINGS_DIR).",
      discussion: "Default: neuroscope/recordings below $XDG_DATA_HOME or ~/.local/share.",
      valueName: "path"))
  var recordingsDir: String?

  @Option(help: "Bytes that one recording may have (NEUROSCOPE_RECORDING_QUOTA). Default: 4G.")
  var recordingQuota: ByteCount?

  @Flag(help: "Let no run be recorded.")
  var noRecordings = false

  @Option(help: "From trace to critical (NEUROSCOPE_LOG_LEVEL). Default: notice.")
  var logLevel: String?

  @Flag(help: "Serve /v1/echo, for conformance tests of the WebSocket.")
  var conformanceEcho = false

  private static let levels = Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")

  func run() async throws {
    ServingUntilSignal.outliveItsReaders()
    var logger = Logger(label: "neuroscope") { StreamLogHandler.standardError(label: $0) }
    let level = try Setting.value(logLevel, "LOG_LEVEL") ?? "notice"
    guard let known = Logger.Level(rawValue: level) else {
      throw CommandFailure("--log-level can't be \(level); known: \(Self.levels)")
    }
    logger.logLevel = known
    let server = Server(options: try options(), logger: logger)
    warnOfMissingParts(server.service.installation, logger)
    let loaded = try await loadModel(server)
    do {
      try await server.listen()
    } catch {
      throw CommandFailure("\(error.description)")
    }
    Greeting(server: server, model: loaded).print(Console())
    await ServingUntilSignal(server: server).run()
  }

  /// Says at the start what would otherwise show only as pages that are not there.
  private func warnOfMissingParts(_ installation: Installation, _ logger: Logger) {
    for part in installation.missingParts {
      logger.warning(
        "missing in this installation: \(part.name); \(part.consequence). Set NEUROSCOPE_HOME to the folder that has them, or keep them beside the program",
        metadata: ["searched": "\(installation.roots.joined(separator: ", "))"])
    }
  }

  private func loadModel(_ server: Server) async throws -> LoadedModel? {
    guard !noModel else { return nil }
    let path = try model.path()
    do throws(Refusal) {
      return try await server.service.loadUnchecked(
        path: path, id: try? Setting.value(modelID, "MODEL_ID"),
        contextLength: server.service.options.engine.contextLength)
    } catch {
      throw CommandFailure(error.reply.message)
    }
  }

  private func options() throws -> ServerOptions {
    var options = ServerOptions()
    options.engine = try engine.options()
    options.addresses = try place.addresses()
    options.modelDirectories = Setting.list(modelsDir, "MODELS_DIR", separator: ":")
    options.allowedOrigins = Setting.list(allowOrigin, "ALLOW_ORIGIN", separator: ",")
    if !noRecordings {
      options.recordingsDirectory =
        try Setting.value(recordingsDir, "RECORDINGS_DIR") ?? Self.defaultRecordings
    }
    if let bytes = try Setting.value(recordingQuota, "RECORDING_QUOTA") {
      options.recordingQuota = bytes.count
    }
    options.servesEcho = conformanceEcho
    if let bytes = try Setting.value(captureBudget, "CAPTURE_BUDGET") {
      options.captureBudget = bytes.count
    }
    if let bytes = try Setting.value(memoryBudget, "MEMORY_BUDGET") {
      options.memoryBudget = bytes.count
    }
    if let bytes = try Setting.value(outboxBudget, "OUTBOX_BUDGET") {
      options.transport.outboxes = bytes.count
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
