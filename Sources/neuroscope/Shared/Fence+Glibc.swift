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
    case input = 0
    case output = 1
    case error = 2
  }

  /// Whether somebody sits behind a stream.
  static func isTerminal(_ stream: Stream) -> Bool { isatty(stream.rawValue) == 1 }

  /// Columns of the terminal behind a stream; nil where there is none, 80 where it does not say.
  static func columns(of stream: Stream) -> Int? {
    guard isTerminal(stream) else { return nil }
    var size = winsize()
    guard ioctl(stream.rawValue, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
    return Int(size.ws_col)
  }

  /// Ignores the signals that a server is not to end by, though their default is to end.
  static func ignoreSignals() {
    for number in [SIGPIPE, SIGHUP, SIGUSR1, SIGUSR2] { signal(number, SIG_IGN) }
  }

  /// This process's number.
  static var processNumber: Int32 { getpid() }

  /// Microseconds of the clock that never goes back.
  static var monotonicMicroseconds: UInt64 {
    var time = timespec()
    guard clock_gettime(CLOCK_MONOTONIC, &time) == 0 else { return 0 }
    return UInt64(max(time.tv_sec, 0)) * 1_000_000 + UInt64(max(time.tv_nsec, 0)) / 1000
  }

  /// Sends one datagram to a Unix socket, without waiting; `@` begins an abstract name.
  ///
  /// - Returns: whether the system took it.
  @discardableResult
  static func sendDatagram(_ text: String, to path: String) -> Bool {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let name = Array(path.utf8)
    guard !name.isEmpty, name.count < MemoryLayout.size(ofValue: address.sun_path) else {
      return false
    }
    withUnsafeMutableBytes(of: &address.sun_path) { place in
      place.copyBytes(from: name)
      if name[0] == UInt8(ascii: "@") { place[0] = 0 }
    }
    let descriptor = socket(
      AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    // An abstract name has no end but the length that is given.
    let size = MemoryLayout<sa_family_t>.size + name.count + (name[0] == UInt8(ascii: "@") ? 0 : 1)
    let bytes = Array(text.utf8)
    let sent = withUnsafePointer(to: &address) { address in
      address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        sendto(
          descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT), $0,
          socklen_t(size))
      }
    }
    return sent == bytes.count
  }
}
