internal import ArgumentParser
internal import API
internal import HTTP
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

  @Flag(
    help: ArgumentHelp(
      "Let everybody in who can reach a place beyond this machine (NEUROSCOPE_INSECURE_NO_AUTH=true).",
      discussion: "Without it, the server does not listen there."))
  var insecureNoAuth = false

  @Option(
    help: ArgumentHelp(
      "Name that requests may call the server; repeatable (NEUROSCOPE_ALLOW_HOST, with commas).",
      discussion:
        "Besides localhost and the address that it is reached at; '*' for every name. A stranger's page can lead its own name here.",
      valueName: "host"))
  var allowHost: [String] = []

  @Option(
    help: ArgumentHelp(
      "Path of a site below which the server is reached, such as /neuroscope (NEUROSCOPE_BASE_PATH).",
      discussion: "For a proxy that gives it one folder, and passes that on or takes it off.",
      valueName: "path"))
  var basePath: String?

  @OptionGroup var keyFile: KeysCommand.FileFlag

  @Option(
    help: ArgumentHelp(
      "Secret that opens everything; repeatable (NEUROSCOPE_API_KEY, with commas).",
      discussion:
        "The short form of --keys. Others on this machine may see it among the running programs; the variable is safer.",
      valueName: "secret"))
  var apiKey: [String] = []

  @Option(
    help: ArgumentHelp(
      "Certificate that network addresses show, where TLS (https, wss) is then spoken (NEUROSCOPE_TLS_CERT).",
      discussion:
        "PEM: the server's own first, then those that vouch for it. Read again on SIGHUP. Unix sockets stay plain.",
      valueName: "file"), completion: .file())
  var tlsCert: String?

  @Option(
    help: ArgumentHelp(
      "Key of the certificate, in PEM and without a passphrase (NEUROSCOPE_TLS_KEY).",
      discussion: "It may be in the same file.", valueName: "file"), completion: .file())
  var tlsKey: String?

  /// What is shown to those who come by a network; nil for plain HTTP.
  private func certificate(
    _ settings: Settings, _ places: [SocketAddress]
  ) throws -> ServerCertificate? {
    let chain = try settings.value(tlsCert, .tlsCert)
    let key = try settings.value(tlsKey, .tlsKey)
    switch (chain, key) {
    case (nil, nil): return nil
    case (let chain?, let key?):
      guard places.contains(where: { $0.port != nil }) else {
        throw CommandFailure(
          "\(settings.place(of: .tlsCert)) has no use: the server listens on Unix sockets only, which stay plain"
        )
      }
      do { return try ServerCertificate(certificate: chain, key: key) } catch {
        throw CommandFailure(error.sentence)
      }
    case (_?, nil), (nil, _?):
      let (given, missing): (SettingName, SettingName) =
        chain == nil ? (.tlsKey, .tlsCert) : (.tlsCert, .tlsKey)
      throw CommandFailure(
        "\(settings.place(of: given)) needs \(missing.flag) too; one file may have both the certificate and its key"
      )
    }
  }

  /// Who may do what; everybody everything where no key is named.
  private func ring(_ settings: Settings) throws -> KeyRing {
    let path = try settings.value(keyFile.keys, .keys)
    let secrets = settings.list(apiKey, .apiKey)
    guard secrets.allSatisfy({ !$0.isEmpty }) else {
      throw CommandFailure("\(settings.place(of: .apiKey)) is empty")
    }
    guard path != nil || !secrets.isEmpty else { return .none }
    let fixed = secrets.enumerated().map { number, secret in
      AccessKey(
        name: number == 0 ? "api-key" : "api-key-\(number + 1)", secret: secret,
        scopes: Set(Scope.allCases))
    }
    return try worded { () throws(KeyFileError) in try KeyRing(fixed: fixed, path: path) }
  }

  /// Sets where the server listens, who may do what, and what it may be called.
  ///
  /// - Throws: ``CommandFailure`` where it would be open to a network and nobody has said that it should.
  func apply(to options: inout ServerOptions, _ settings: Settings = Settings()) throws {
    options.addresses = try addresses(settings)
    options.basePath = try base(settings)
    options.keys = try ring(settings)
    options.certificate = try certificate(settings, options.addresses)
    options.allowedHosts = settings.list(allowHost, .allowHost)
    let isMeant = try settings.isOn(insecureNoAuth, .insecureNoAuth)
    guard !isMeant, let place = options.openAddresses.first else { return }
    throw CommandFailure(
      "\(place) can be reached from other machines, and everybody there could use models, read runs and delete recordings. "
        + "Give it keys (neuroscope keys add, --keys FILE or --api-key), listen on 127.0.0.1, or say --insecure-no-auth if that is meant"
    )
  }

  private func base(_ settings: Settings) throws -> BasePath {
    let path = try settings.value(basePath, .basePath, default: "/")
    if let base = BasePath(path) { return base }
    throw CommandFailure(
      "\(settings.place(of: .basePath)) can't be \(path); it begins with a slash and has letters, digits, -, ., _ and ~ between slashes, "
        + "\(BasePath.limit) bytes at most")
  }

  /// The places, from the command line or what stands behind it.
  func addresses(_ settings: Settings = Settings()) throws -> [SocketAddress] {
    let places = settings.list(listen, .listen)
    guard places.isEmpty else {
      return try places.flatMap { place in
        try resolved(place) { () throws(SocketError) in try SocketAddress.resolve(place) }
      }
    }
    let host = try settings.value(host, .host, default: "127.0.0.1")
    let port = try settings.value(port, .port, default: 8080)
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
