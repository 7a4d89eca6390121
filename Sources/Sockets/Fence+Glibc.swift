internal import CSystem
import Glibc

/// The system calls of this room; nothing else in it calls the C library.
///
/// Interrupted calls are repeated here, so no caller ever sees `EINTR`.
enum Fence {
  // MARK: Listening

  /// Opens, binds and listens; answers the descriptor and the bound address.
  static func listen(
    on address: SocketAddress, backlog: Int32
  ) throws(SocketError) -> (Int32, SocketAddress) {
    if case .unix(let path) = address { try clearStaleSocket(at: path) }
    let family: Int32
    switch address {
    case .ipv4: family = AF_INET
    case .ipv6: family = AF_INET6
    case .unix: family = AF_UNIX
    }
    let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
    let descriptor = socket(family, type | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw failure(.socket, address) }
    do throws(SocketError) {
      if family != AF_UNIX { set(SOL_SOCKET, SO_REUSEADDR, 1, on: descriptor) }
      if case .ipv6(let host, _) = address {
        // `::` also takes IPv4; any other address is what it says.
        set(Int32(IPPROTO_IPV6), IPV6_V6ONLY, host == "::" ? 0 : 1, on: descriptor)
      }
      let status = try withSocketAddress(address) { bind(descriptor, $0, $1) }
      guard status == 0 else { throw failure(.bind, address) }
      guard Glibc.listen(descriptor, backlog) == 0 else { throw failure(.listen, address) }
      return (descriptor, localAddress(of: descriptor) ?? address)
    } catch {
      close(descriptor)
      throw error
    }
  }

  /// Removes a socket file that nobody listens on any more; leaves a living one alone, so that
  /// binding fails with `EADDRINUSE`.
  private static func clearStaleSocket(at path: String) throws(SocketError) {
    var info = stat()
    guard lstat(path, &info) == 0, info.st_mode & S_IFMT == S_IFSOCK else { return }
    let probe = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
    guard probe >= 0 else { return }
    defer { close(probe) }
    let status = try withSocketAddress(.unix(path: path)) { connect(probe, $0, $1) }
    if status != 0, errno == ECONNREFUSED { unlink(path) }
  }

  static func removeFile(at path: String) {
    unlink(path)
  }

  static func accept(from descriptor: Int32) -> AcceptOutcome {
    var storage = sockaddr_storage()
    var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
    let accepted = withUnsafeMutableBytes(of: &storage) { bytes in
      accept_connection(
        descriptor, bytes.assumingMemoryBound(to: sockaddr.self).baseAddress, &size)
    }
    if accepted >= 0 {
      return .connection(accepted, address(storage) ?? .unix(path: ""))
    }
    switch -accepted {
    case EAGAIN: return .nobody
    case EMFILE, ENFILE, ENOBUFS, ENOMEM: return .exhausted
    // Linux passes on errors of the new connection itself; they are not the listener's.
    case EINTR, ECONNABORTED, ENETDOWN, EPROTO, ENOPROTOOPT, EHOSTDOWN, ENONET, EHOSTUNREACH,
      EOPNOTSUPP, ENETUNREACH, ETIMEDOUT, EPERM:
      return .again
    default: return .failed(-accepted)
    }
  }

  // MARK: A connection

  /// Sends small writes at once, and keeps the kernel from hiding megabytes of stale frames.
  static func prepare(_ descriptor: Int32, sendBuffer: Int) {
    set(Int32(IPPROTO_TCP), TCP_NODELAY, 1, on: descriptor)
    set(SOL_SOCKET, SO_SNDBUF, Int32(clamping: sendBuffer), on: descriptor)
  }

  static func read(_ descriptor: Int32, into buffer: UnsafeMutableRawBufferPointer) -> ReadOutcome {
    while true {
      let count = recv(descriptor, buffer.baseAddress, buffer.count, 0)
      if count > 0 { return .bytes(count) }
      if count == 0 { return .end }
      switch errno {
      case EINTR: continue
      case EAGAIN: return .nothing
      default: return .failed(errno)
      }
    }
  }

  /// Sends several pieces in one call, without a signal when the peer has gone.
  static func send(_ descriptor: Int32, _ vectors: [UnsafeRawBufferPointer]) -> WriteOutcome {
    var pieces = vectors.map {
      iovec(iov_base: UnsafeMutableRawPointer(mutating: $0.baseAddress), iov_len: $0.count)
    }
    while true {
      let count = pieces.withUnsafeMutableBufferPointer { pieces in
        var message = msghdr()
        message.msg_iov = pieces.baseAddress
        message.msg_iovlen = pieces.count
        return sendmsg(descriptor, &message, Int32(MSG_NOSIGNAL))
      }
      if count >= 0 { return .bytes(count) }
      switch errno {
      case EINTR: continue
      case EAGAIN: return .nothing
      default: return .failed(errno)
      }
    }
  }

  /// Whether a peer that has said its last byte has also stopped listening (a reset was received).
  static func isGone(_ descriptor: Int32) -> Bool {
    var state = pollfd(fd: descriptor, events: 0, revents: 0)
    guard poll(&state, 1, 0) > 0 else { return false }
    return state.revents & Int16(POLLERR | POLLHUP | POLLNVAL) != 0
  }

  static func shutdownWrites(_ descriptor: Int32) {
    shutdown(descriptor, Int32(SHUT_WR))
  }

  /// Makes the coming `close` a reset, which also throws away what has not been sent.
  static func resetOnClose(_ descriptor: Int32) {
    var value = linger(l_onoff: 1, l_linger: 0)
    setsockopt(
      descriptor, SOL_SOCKET, SO_LINGER, &value, socklen_t(MemoryLayout<linger>.size))
  }

  static func close(_ descriptor: Int32) {
    _ = Glibc.close(descriptor)
  }

  // MARK: Addresses

  /// The numeric addresses of a host name, in the system's order of preference.
  static func resolve(host: String, port: UInt16) throws(SocketError) -> [SocketAddress] {
    var hints = addrinfo()
    hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var list: UnsafeMutablePointer<addrinfo>?
    let status = getaddrinfo(host, String(port), &hints, &list)
    defer { if let list { freeaddrinfo(list) } }
    guard status == 0 else {
      throw SocketError(.resolve, code: status == EAI_SYSTEM ? errno : ENOENT, address: host)
    }
    var found: [SocketAddress] = []
    var next = list
    while let entry = next {
      var storage = sockaddr_storage()
      let size = min(Int(entry.pointee.ai_addrlen), MemoryLayout<sockaddr_storage>.size)
      memcpy(&storage, entry.pointee.ai_addr, size)
      if let address = address(storage), !found.contains(address) { found.append(address) }
      next = entry.pointee.ai_next
    }
    return found
  }

  static func isIPv4(_ text: String) -> Bool {
    var address = in_addr()
    return inet_pton(AF_INET, text, &address) == 1
  }

  static func isIPv6(_ text: String) -> Bool {
    var address = in6_addr()
    return inet_pton(AF_INET6, text, &address) == 1
  }

  static func localAddress(of descriptor: Int32) -> SocketAddress? {
    var storage = sockaddr_storage()
    var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
    let status = withUnsafeMutableBytes(of: &storage) { bytes in
      getsockname(descriptor, bytes.assumingMemoryBound(to: sockaddr.self).baseAddress, &size)
    }
    return status == 0 ? address(storage) : nil
  }

  private static func address(_ storage: sockaddr_storage) -> SocketAddress? {
    withUnsafeBytes(of: storage) { bytes in
      switch Int32(storage.ss_family) {
      case AF_INET:
        var address = bytes.loadUnaligned(as: sockaddr_in.self)
        var text = [UInt8](repeating: 0, count: Int(INET_ADDRSTRLEN))
        text.withUnsafeMutableBytes { output in
          _ = inet_ntop(
            AF_INET, &address.sin_addr, output.assumingMemoryBound(to: CChar.self).baseAddress,
            socklen_t(INET_ADDRSTRLEN))
        }
        return .ipv4(string(text), port: UInt16(bigEndian: address.sin_port))
      case AF_INET6:
        var address = bytes.loadUnaligned(as: sockaddr_in6.self)
        var text = [UInt8](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        text.withUnsafeMutableBytes { output in
          _ = inet_ntop(
            AF_INET6, &address.sin6_addr, output.assumingMemoryBound(to: CChar.self).baseAddress,
            socklen_t(INET6_ADDRSTRLEN))
        }
        return .ipv6(string(text), port: UInt16(bigEndian: address.sin6_port))
      case AF_UNIX:
        return .unix(path: string(bytes.dropFirst(MemoryLayout<sa_family_t>.size)))
      default:
        return nil
      }
    }
  }

  private static func string(_ bytes: some Sequence<UInt8>) -> String {
    String(decoding: Array(bytes.prefix { $0 != 0 }), as: UTF8.self)
  }

  private static func withSocketAddress<Value>(
    _ address: SocketAddress, _ body: (UnsafePointer<sockaddr>?, socklen_t) -> Value
  ) throws(SocketError) -> Value {
    var storage = sockaddr_storage()
    let size: Int
    switch address {
    case .ipv4(let host, let port):
      var value = sockaddr_in()
      value.sin_family = sa_family_t(AF_INET)
      value.sin_port = port.bigEndian
      guard inet_pton(AF_INET, host, &value.sin_addr) == 1 else {
        throw SocketError(.resolve, code: EINVAL, address: address.description)
      }
      size = MemoryLayout<sockaddr_in>.size
      memcpy(&storage, &value, size)
    case .ipv6(let host, let port):
      var value = sockaddr_in6()
      value.sin6_family = sa_family_t(AF_INET6)
      value.sin6_port = port.bigEndian
      guard inet_pton(AF_INET6, host, &value.sin6_addr) == 1 else {
        throw SocketError(.resolve, code: EINVAL, address: address.description)
      }
      size = MemoryLayout<sockaddr_in6>.size
      memcpy(&storage, &value, size)
    case .unix(let path):
      var value = sockaddr_un()
      value.sun_family = sa_family_t(AF_UNIX)
      let bytes = Array(path.utf8)
      guard !bytes.isEmpty, bytes.count < MemoryLayout.size(ofValue: value.sun_path) else {
        throw SocketError(.bind, code: ENAMETOOLONG, address: address.description)
      }
      withUnsafeMutableBytes(of: &value.sun_path) { $0.copyBytes(from: bytes) }
      size = MemoryLayout<sockaddr_un>.size
      memcpy(&storage, &value, size)
    }
    return withUnsafeBytes(of: &storage) { bytes in
      body(bytes.assumingMemoryBound(to: sockaddr.self).baseAddress, socklen_t(size))
    }
  }

  // MARK: Helpers

  static func text(ofError code: Int32) -> String {
    guard let text = strerror(code) else { return "error \(code)" }
    return String(cString: text)
  }

  private static func failure(
    _ operation: SocketError.Operation, _ address: SocketAddress
  ) -> SocketError {
    SocketError(operation, code: errno, address: address.description)
  }

  /// Sets an option that the program can live without.
  private static func set(_ level: Int32, _ name: Int32, _ value: Int32, on descriptor: Int32) {
    var value = value
    setsockopt(descriptor, level, name, &value, socklen_t(MemoryLayout<Int32>.size))
  }
}
