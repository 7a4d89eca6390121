internal import ArgumentParser
internal import Sockets

/// Where a server listens.
struct ListenFlags: ParsableArguments {
  @Option(help: "Address to listen on (NEUROSCOPE_HOST). Default: 127.0.0.1.")
  var host: String?

  @Option(help: "Port to listen on, 0 for a free one (NEUROSCOPE_PORT). Default: 8080.")
  var port: UInt16?

  @Option(
    help: ArgumentHelp(
      "Place to listen, instead of --host and --port; repeatable (NEUROSCOPE_LISTEN, with commas).",
      discussion: "HOST:PORT, [IPV6]:PORT or unix:PATH.", valueName: "place"))
  var listen: [String] = []

  /// The places, from the options or the environment.
  func addresses() throws -> [SocketAddress] {
    let places = Setting.list(listen, "LISTEN", separator: ",")
    guard places.isEmpty else {
      return try places.flatMap { place in
        try resolved(place) { () throws(SocketError) in try SocketAddress.resolve(place) }
      }
    }
    let host = try Setting.value(host, "HOST") ?? "127.0.0.1"
    let port = try Setting.value(port, "PORT") ?? 8080
    let found = try resolved(host) { () throws(SocketError) in
      try SocketAddress.resolve(host: host, port: port)
    }
    return Array(found.prefix(1))
  }

  /// Turns what the resolver says into a sentence.
  private func resolved(
    _ place: String, _ resolve: () throws(SocketError) -> [SocketAddress]
  ) throws -> [SocketAddress] {
    do { return try resolve() } catch {
      throw CommandFailure(
        "\(place) is no address to listen on; use HOST:PORT, [IPV6]:PORT or unix:PATH")
    }
  }
}
