package import HTTP
package import Engine
internal import Foundation
internal import Loops
package import Sockets
package import Traces

/// How a server is set up; the command line and the environment fill it in.
package struct ServerOptions: Sendable {
  /// Where it listens, at least one place.
  package var addresses: [SocketAddress] = [.ipv4("127.0.0.1", port: 8080)]
  /// The path of a site below which it is reached.
  package var basePath = BasePath.root
  /// Directories that clients may load models from; `/` allows all.
  ///
  /// The model that comes with the program and those that the operator loaded are always allowed; fetched ones where this is
  /// empty.
  package var modelDirectories: [String] = []
  /// Where fetched models are kept.
  package var fetchedModels: String?
  /// Names that requests may call the server in `Host`, besides those of the loopback and its address; `*` allows every one.
  package var allowedHosts: [String] = []
  /// Who may do what; by default everybody everything.
  package var keys = KeyRing.none
  /// What is shown on network addresses, where TLS is then spoken; nil for plain HTTP.
  package var certificate: ServerCertificate?
  /// Origins of pages that may call the server, besides those of localhost; `*` allows every one.
  package var allowedOrigins: [String] = []
  /// Further names of models in requests, and the models that they stand for; an empty one is the current model.
  package var aliases: [String: String] = [:]
  /// Whether every member of a request that nobody knows is refused, and not only what looks misspelt.
  package var isStrict = false
  /// Where recordings are kept; nil keeps none.
  package var recordingsDirectory: String?
  /// The one recording that is played, in place of a directory; nothing is recorded then.
  package var recordingFile: String?
  /// Bytes that one recording may have.
  package var recordingQuota = 4 << 30
  /// Bytes that all recordings together may have.
  package var recordingsLimit = 64 << 30
  /// Finished recordings that are kept when another begins; nil keeps all.
  package var recordingsKept: Int?
  /// Where harvests are kept; nil keeps none.
  package var harvestsDirectory: String?
  /// Bytes that all harvests together may have.
  package var harvestsLimit = 64 << 30
  /// Bytes that the captures of one run may weigh in all.
  package var captureBudget = 1 << 30
  /// Bytes that the recent items of all runs together may take.
  package var memoryBudget = 512 << 20
  /// Bytes that the recent items of one run may take.
  package var ringBytes = 32 << 20
  /// Bytes of exact captures that all runs together keep for patches.
  package var patchBytes = 64 << 20
  /// Requests that may wait for their text to be read; of one client three fourths.
  package var waitingRequests = WorkQueue.usuallyWaiting
  /// Runs that may be unfinished at a time.
  package var runLimit = 256
  /// Replays that may be unfinished at a time.
  package var replayLimit = 64
  /// Seconds that a paused run, or a replay, is kept while nobody watches or commands it; 0 for ever.
  package var idleSeconds: Double = 3600
  /// Finished runs that can still be looked at.
  package var keptRuns = 64
  /// Seconds that a run waits for its first viewer.
  package var viewerGrace = 10
  /// Seconds that a shutdown waits for runs to end.
  package var drainSeconds = 10
  /// Whether `/v1/echo` exists, for conformance tests of the WebSocket.
  package var servesEcho = false
  /// Whether `/metrics` tells llama.cpp's names too.
  package var servesMetricAliases = false
  /// Where traces are sent; nil traces nothing.
  package var collector: CollectorAddress?
  /// How often traces are sent.
  package var tracePace = SpanExporter.Pace()
  /// Bounds and deadlines of connections.
  package var transport = TransportLimits()
  package var engine = EngineOptions(threads: ProcessInfo.processInfo.activeProcessorCount)

  package init() {}

  /// How addresses of the network begin.
  package var scheme: String { certificate == nil ? "http" : "https" }

  /// Places beyond this machine where everybody is let in.
  package var openAddresses: [SocketAddress] {
    keys.isNeeded ? [] : addresses.filter { !$0.isLocal }
  }
}
