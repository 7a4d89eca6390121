#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#else
internal import Darwin
#endif

/// The only file of the command line that makes system calls.
enum Fence {
  /// The standard streams.
  enum Stream: Int32 {
    case output = 1
    case error = 2
  }

  /// Whether somebody sits behind a stream.
  static func isTerminal(_ stream: Stream) -> Bool { isatty(stream.rawValue) == 1 }

  /// Ignores the signals that a server is not to end by, though their default is to end.
  static func ignoreSignals() {
    for number in [SIGPIPE, SIGHUP, SIGUSR1, SIGUSR2] { signal(number, SIG_IGN) }
  }
}
