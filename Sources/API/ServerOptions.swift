package import HTTP
package import Engine
internal import Foundation
package import Sockets

/// How a server is set up; the command line and the environment fill it in.
package struct ServerOptions: Sendable {
  /// Where it listens, at least one place.
  package var addresses: [SocketAddress] = [.ipv4("127.0.0.1", port: 8080)]
  /// Directories that models may be loaded from; empty allows all.
  package var modelDirectories: [String] = []
  /// Origins of pages that may call the server, besides those of localhost; `*` allows every one.
  package var allowedOrigins: [String] = []
  /// Where recordings are kept; nil keeps none.
  package var recordingsDirectory: String?
  /// The one recording that is played, in place of a directory; nothing is recorded then.
  package var recordingFile: String?
  /// Bytes that one recording may have.
  package var recordingQuota = 4 << 30
  /// Bytes that the captures of one run may weigh in all.
  package var captureBudget = 1 << 30
  /// Bytes that the recent items of all runs together may take.
  package var memoryBudget = 512 << 20
  /// Bytes that the recent items of one run may take.
  package var ringBytes = 32 << 20
  /// Bytes of exact captures that all runs together keep for patches.
  package var patchBytes = 64 << 20
  /// Runs that may be unfinished at a time.
  package var runLimit = 256
  /// Finished runs that can still be looked at.
  package var keptRuns = 64
  /// Seconds that a run waits for its first viewer.
  package var viewerGrace = 10
  /// Seconds that a shutdown waits for runs to end.
  package var drainSeconds = 10
  /// Whether `/v1/echo` exists, for conformance tests of the WebSocket.
  package var servesEcho = false
  /// Bounds and deadlines of connections.
  package var transport = TransportLimits()
  package var engine = EngineOptions(threads: ProcessInfo.processInfo.activeProcessorCount)

  package init() {}
}
