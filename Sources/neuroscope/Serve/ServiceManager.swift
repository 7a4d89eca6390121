internal import Foundation

/// The service manager that started this process, where one did and wants to be told: systemd with `Type=notify`.
///
/// - Standard: `sd_notify(3)`: datagrams of `NAME=VALUE` lines to the socket that `NOTIFY_SOCKET` names.
struct ServiceManager: Sendable {
  /// Where it listens: a path, or `@` and a name of Linux's abstract sockets.
  let socket: String
  /// How often it wants a sign of life, in microseconds; nil where it watches for none.
  let watchdog: UInt64?

  /// Reads what the manager has said in the environment; nil where there is none.
  init?(environment: [String: String] = ProcessInfo.processInfo.environment, process: Int32) {
    guard let socket = environment["NOTIFY_SOCKET"], socket.hasPrefix("/") || socket.hasPrefix("@"),
      socket.utf8.count > 1
    else { return nil }
    self.socket = socket
    let isForUs = environment["WATCHDOG_PID"].map { Int32($0) == process } ?? true
    let wanted = environment["WATCHDOG_USEC"].flatMap { UInt64($0) }
    watchdog = isForUs ? wanted.flatMap { $0 > 0 ? $0 : nil } : nil
  }

  /// What it can be told.
  enum News: Equatable {
    /// Everything that listens does, and the model is there.
    case ready(status: String)
    /// Keys are being read again; `ready` follows.
    case reloading(microseconds: UInt64)
    /// No new runs are taken.
    case stopping
    case alive

    var text: String {
      switch self {
      case .ready(let status):
        "READY=1\nSTATUS=\(status.split(whereSeparator: \.isNewline).joined(separator: " "))"
      case .reloading(let microseconds): "RELOADING=1\nMONOTONIC_USEC=\(microseconds)"
      case .stopping: "STOPPING=1"
      case .alive: "WATCHDOG=1"
      }
    }
  }

  /// Tells it; a manager that does not listen any more is none.
  func tell(_ news: News) { Fence.sendDatagram(news.text, to: socket) }

  /// Gives signs of life until cancelled, each only after everything that answers requests has had a turn.
  ///
  /// - Parameter turn: returns when that is so.
  func giveSigns(after turn: () async -> Void) async {
    guard let watchdog else { return }
    while !Task.isCancelled {
      await turn()
      tell(.alive)
      try? await Task.sleep(for: .microseconds(Int64(clamping: watchdog / 2)))
    }
  }
}
