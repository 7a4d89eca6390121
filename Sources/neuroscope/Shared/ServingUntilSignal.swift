internal import API
internal import UnixSignals

/// Keeps a server up until a signal asks it to end; a second one hastens the end.
struct ServingUntilSignal {
  let server: Server

  /// Has the process outlive what comes with terminals and pipes.
  ///
  /// A reader of the log that leaves (`SIGPIPE`), a terminal that closes (`SIGHUP`) and signals that mean
  /// nothing here are no reason to end. To be called before the first line is printed.
  static func outliveItsReaders() { Fence.ignoreSignals() }

  /// Serves, and returns when all is closed.
  func run() async {
    let (asked, ask) = AsyncStream<Void>.makeStream()
    await withTaskGroup { group in
      group.addTask {
        for await _ in asked { break }
        await server.shutDown()
      }
      group.addTask {
        var isDraining = false
        for await _ in await UnixSignalsSequence(trapping: .sigterm, .sigint) {
          guard !isDraining else { return }
          isDraining = true
          ask.yield()
        }
      }
      // The end of the drain or the second signal, whichever is first; a cancelled drain ends at once.
      await group.next()
      group.cancelAll()
    }
  }
}
