internal import API
internal import HTTP
internal import Logging
internal import Sockets
internal import UnixSignals

/// Keeps a server up until a signal asks it to end; a second one hastens the end.
struct ServingUntilSignal {
  let server: Server
  var logger = Logger(label: "neuroscope")
  /// Who is told how far it is, where a service manager started it.
  var manager = ServiceManager(process: Fence.processNumber)

  /// Has the process outlive what comes with terminals and pipes.
  ///
  /// A reader of the log that leaves (`SIGPIPE`), a terminal that closes (`SIGHUP`) and signals that mean
  /// nothing here are no reason to end. To be called before the first line is printed.
  static func outliveItsReaders() { Fence.ignoreSignals() }

  /// Reads keys and certificate again on `SIGHUP`; without either that signal goes on meaning nothing.
  private func reload() async {
    let keys = server.service.options.keys
    let certificate = server.service.options.certificate
    guard keys.isNeeded || certificate != nil else { return }
    for await _ in await UnixSignalsSequence(trapping: .sighup) {
      manager?.tell(.reloading(microseconds: Fence.monotonicMicroseconds))
      defer { manager?.tell(.ready(status: status)) }
      if let certificate { read(certificate) }
      guard keys.isNeeded else { continue }
      do throws(KeyFileError) {
        try keys.reload()
        logger.notice("keys are read again", metadata: ["keys": "\(keys.count)"])
      } catch {
        logger.error("keys stay as they were", metadata: ["reason": "\(error.sentence)"])
      }
    }
  }

  private func read(_ certificate: ServerCertificate) {
    do throws(CertificateError) {
      try certificate.reload()
      logger.notice(
        "the certificate is read again", metadata: ["file": "\(certificate.certificatePath)"])
      warn(of: certificate)
    } catch {
      logger.error("the certificate stays as it was", metadata: ["reason": "\(error.sentence)"])
    }
  }

  /// Says what clients will say of a certificate, before they do.
  private func warn(of certificate: ServerCertificate) {
    let day = 86_400
    let end = certificate.secondsToEnd
    let reason: String? =
      if certificate.secondsToBegin > 0 {
        "does not hold yet"
      } else if end <= 0 {
        "holds no more"
      } else if end < 14 * day {
        "ends in \(end / day) days"
      } else {
        nil
      }
    guard let reason else { return }
    logger.warning(
      "the certificate \(reason)", metadata: ["file": "\(certificate.certificatePath)"])
  }

  /// In a few words for who looks at the service.
  private var status: String {
    "serving on " + server.addresses.map(\.description).joined(separator: ", ")
  }

  /// Serves, and returns when all is closed.
  ///
  /// - Parameter ready: called when a signal would already end it well: whoever reads a greeting may send one at once.
  func run(ready: () -> Void) async {
    let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint)
    ready()
    if let certificate = server.service.options.certificate { warn(of: certificate) }
    manager?.tell(.ready(status: status))
    let living = Task { await manager?.giveSigns { await server.haveATurn() } }
    defer { living.cancel() }
    let (asked, ask) = AsyncStream<Void>.makeStream()
    let reloading = Task { await reload() }
    defer { reloading.cancel() }
    await withTaskGroup { group in
      group.addTask {
        for await _ in asked { break }
        await server.shutDown()
      }
      group.addTask {
        var isDraining = false
        for await _ in signals {
          guard !isDraining else { return }
          isDraining = true
          manager?.tell(.stopping)
          ask.yield()
        }
      }
      // The end of the drain or the second signal, whichever is first; a cancelled drain ends at once.
      await group.next()
      group.cancelAll()
    }
  }
}
