internal import HTTP
internal import Engine
internal import Hooks
internal import Logging
internal import API
internal import Sockets

/// The server that a demonstration talks to: one that runs already, or one of its own.
struct DemoHost {
  /// Where it listens.
  let address: String
  private let server: Server?
  /// The model's name and hook points, where the server is our own.
  let model: String?
  let catalogue: HookCatalogue?

  /// A server that somebody else runs.
  init(running address: String) {
    self.address = address
    server = nil
    model = nil
    catalogue = nil
  }

  /// Starts a server on a free port of this machine.
  init(model: ModelFlag, engine: EngineFlags) async throws {
    var options = ServerOptions()
    options.engine = try engine.options()
    options.addresses = [.ipv4("127.0.0.1", port: 0)]
    let server = Server(options: options, logger: Logger(label: "neuroscope.demo"))
    let (path, adapter) = (try model.path(), try model.adapterPath())
    let loaded: LoadedModel
    do throws(Refusal) {
      loaded = try await server.service.loadUnchecked(
        path: path, adapter: adapter, id: nil, contextLength: options.engine.contextLength)
    } catch {
      throw CommandFailure(error.reply.message)
    }
    try await server.listen()
    guard let place = server.addresses.first else {
      throw CommandFailure("the server listens nowhere")
    }
    address = "http://\(place)"
    self.server = server
    self.model = loaded.info.id
    catalogue = loaded.catalogue
  }

  /// Ends the server, if it is our own.
  func close() async { await server?.shutDown() }
}
