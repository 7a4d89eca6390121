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
        neuroscope serve --open
        neuroscope serve --config server.json
        neuroscope serve --listen unix:/run/neuroscope.sock --listen [::1]:8080

      THEN
        open http://127.0.0.1:8080/
        curl -N http://127.0.0.1:8080/v1/chat/completions -d '{"stream":true,
          "messages":[{"role":"user","content":"What is the capital of France?"}]}'
      """)

  @OptionGroup var flags: ServeFlags

  func run() async throws {
    ServingUntilSignal.outliveItsReaders()
    let setup = try flags.setup(try flags.settings())
    let logger = setup.logger
    let server = Server(options: setup.options, logger: logger)
    warnOfMissingParts(server.service.installation, logger)
    let loaded = try await load(setup.model, server)
    do {
      try await server.listen()
    } catch {
      throw CommandFailure("\(error.description)")
    }
    let greeting = Greeting(server: server, model: loaded)
    await ServingUntilSignal(server: server, logger: logger).run {
      greeting.print(Console())
      for place in server.service.options.openAddresses {
        logger.warning(
          "open to everybody who can reach it: every route, without a key",
          metadata: ["place": "\(place)"])
      }
      if setup.opensPage { openPage(greeting) }
    }
  }

  private func openPage(_ greeting: Greeting) {
    guard let page = greeting.pages.first else {
      return Console().note("There is no page to open: the server listens on no network address.")
    }
    if let reason = Browser().show(page) { Console().note(reason) }
  }

  /// Says at the start what would otherwise show only as pages that are not there.
  private func warnOfMissingParts(_ installation: Installation, _ logger: Logger) {
    for part in installation.missingParts {
      logger.warning(
        "missing in this installation: \(part.name); \(part.consequence). Set NEUROSCOPE_HOME to the folder that has them, or keep them beside the program",
        metadata: ["searched": "\(installation.roots.joined(separator: ", "))"])
    }
  }

  private func load(_ model: ServeFlags.Model?, _ server: Server) async throws -> LoadedModel? {
    guard let model else { return nil }
    do throws(Refusal) {
      return try await server.service.loadUnchecked(
        path: model.path, adapter: model.adapter, id: model.id,
        contextLength: server.service.options.engine.contextLength)
    } catch {
      throw CommandFailure(error.reply.message)
    }
  }
}
