internal import Logging
internal import Server
internal import ServiceLifecycle
internal import UnixSignals

/// Keeps a server up until a signal asks it to end.
struct ServingUntilSignal {
  private struct Lasting: ServiceLifecycle.Service {
    let server: Server

    func run() async throws {
      try? await gracefulShutdown()
      await server.shutDown()
    }
  }

  let server: Server

  func run() async throws {
    let group = ServiceGroup(
      services: [Lasting(server: server)], gracefulShutdownSignals: [.sigterm, .sigint],
      logger: Logger(label: "neuroscope.lifecycle") { _ in SwiftLogNoOpLogHandler() })
    try await group.run()
  }
}
