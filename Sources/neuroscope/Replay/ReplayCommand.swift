internal import HTTP
internal import Streams
internal import ArgumentParser
internal import Foundation
internal import Logging
internal import Recordings
internal import API
internal import Sockets
internal import Runs

/// `neuroscope replay`: a recording, served as it was or printed, without a model.
struct ReplayCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "replay",
    abstract: "Play a recorded run again, without a model.",
    discussion: """
      Serves the run under its own name through every door, with the bytes that viewers were sent then; it begins \
      to play when its first viewer comes. With --print or --json it goes to the terminal instead. A file that \
      was cut off or damaged is played up to its last whole record.

      Examples:
        neuroscope replay run.nsrec
        neuroscope replay run.nsrec --speed 0.25 --from 40 --to 90
        neuroscope replay run.nsrec --paused
        neuroscope replay run.nsrec --print
        neuroscope replay run.nsrec --json --tensors json | jq .
      """)

  @Argument(help: "The recording, a .nsrec file.", completion: .file(extensions: ["nsrec"]))
  var file: String
  @OptionGroup var place: ListenFlags
  @Option(help: "Recorded seconds per second; 0 as fast as it can be read. Default: 1, printed 0.")
  var speed: Double?
  @Option(help: "Number of the first event to play.")
  var from: UInt64 = 0
  @Option(help: "Number of the last event to play.")
  var to: UInt64?
  @Flag(help: "Wait behind the first event for a viewer's resume or step.")
  var paused = false
  @Flag(help: "Print a line per token with the layers beside it, as `run` does.")
  var print = false
  @Flag(help: "Print the events, one line of JSON each.")
  var json = false
  @Option(help: "How --json writes tensors: none, json or base64.")
  var tensors = ReplayTensors.none

  func validate() throws {
    guard !(print && json) else { throw ValidationError("--print and --json can't go together") }
    guard !(paused && (print || json)) else {
      throw ValidationError("--paused is for viewers; --print and --json have none")
    }
    if let speed, !(0...1e6).contains(speed) {
      throw ValidationError("--speed must be from 0 to 1000000")
    }
    if let to, to < from { throw ValidationError("--to must be at least --from") }
  }

  func run() async throws {
    let console = Console()
    var options = ServerOptions()
    options.recordingFile = file
    try place.apply(to: &options)
    var logger = Logger(label: "neuroscope.replay")
    logger.logLevel = .notice
    let server = Server(options: options, logger: logger)
    let isPrinted = print || json
    let (replay, reader) = try play(on: server.service, speed: speed ?? (isPrinted ? 0 : 1))
    let greeting = ReplayGreeting(file: file, reader: reader)
    if let damage = greeting.damage { console.note(damage) }
    if isPrinted {
      var view: any ReplayView =
        json ? ReplayJSONView(console: console, tensors: tensors) : ReplayHeatView(console)
      try await Self.show(replay, in: &view)
    } else {
      try await serve(server, replay, greeting, console)
    }
  }

  private func play(
    on service: Service, speed: Double
  ) throws -> (replay: Replay, reader: RecordingReader) {
    guard FileManager.default.fileExists(atPath: file) else {
      throw CommandFailure("\(file): no such file")
    }
    do throws(Refusal) {
      return try service.replayFile(
        speed: speed, range: from...(to ?? .max), startsPaused: paused)
    } catch {
      throw CommandFailure("\(file): \(error.reply.message)")
    }
  }

  private static func show(_ replay: Replay, in view: inout any ReplayView) async throws {
    let reader = TopicReader(replay.topic)
    while let items = await reader.next() {
      for item in items { try view.show(item) }
    }
  }

  private func serve(
    _ server: Server, _ replay: Replay, _ greeting: ReplayGreeting, _ console: Console
  ) async throws {
    ServingUntilSignal.outliveItsReaders()
    do { try await server.listen() } catch { throw CommandFailure("\(error.description)") }
    await ServingUntilSignal(server: server).run {
      let options = server.service.options
      let lines = greeting.lines(
        run: replay.id, addresses: server.addresses, base: options.basePath, scheme: options.scheme)
      for line in lines { console.line(line) }
    }
  }
}

/// How `--json` writes tensors.
enum ReplayTensors: String, ExpressibleByArgument, CaseIterable {
  case none, json, base64

  var form: TensorForm {
    switch self {
    case .none: .none
    case .json: .json
    case .base64: .base64
    }
  }
}
