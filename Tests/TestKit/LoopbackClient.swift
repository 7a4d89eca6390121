import Foundation
import Glibc

/// A peer for tests of servers: one blocking socket that can be slow, rude or half gone.
package final class LoopbackClient: @unchecked Sendable {
  // Proof for @unchecked: the only stored property is an immutable number; the kernel orders calls.
  private let descriptor: Int32

  /// Connects over IPv4 (`127.0.0.1`), IPv6 (`::1`) or, with `unix`, to a path.
  ///
  /// - Parameter receiveBuffer: bytes the kernel may hold for us; small ones make a slow reader.
  package init?(
    host: String = "127.0.0.1", port: UInt16 = 0, unix path: String? = nil,
    receiveBuffer: Int32? = nil
  ) {
    let isIPv6 = host.contains(":")
    let family = path != nil ? AF_UNIX : isIPv6 ? AF_INET6 : AF_INET
    descriptor = socket(family, Int32(SOCK_STREAM.rawValue), 0)
    guard descriptor >= 0 else { return nil }
    if var receiveBuffer {
      setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &receiveBuffer, 4)
    }
    var limit = timeval(tv_sec: Int(Patience.limit.components.seconds), tv_usec: 0)
    setsockopt(
      descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    setsockopt(
      descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    // A client that has its descriptor is whole: its end closes it, here too.
    guard Self.join(descriptor, host: host, port: port, path: path, isIPv6: isIPv6) == 0 else {
      return nil
    }
  }

  deinit { Glibc.close(descriptor) }

  private static func join(
    _ descriptor: Int32, host: String, port: UInt16, path: String?, isIPv6: Bool
  ) -> Int32 {
    if let path {
      var address = sockaddr_un()
      address.sun_family = sa_family_t(AF_UNIX)
      withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
      return withUnsafeBytes(of: &address) { call(descriptor, $0) }
    }
    if isIPv6 {
      var address = sockaddr_in6()
      address.sin6_family = sa_family_t(AF_INET6)
      address.sin6_port = port.bigEndian
      inet_pton(AF_INET6, host, &address.sin6_addr)
      return withUnsafeBytes(of: &address) { call(descriptor, $0) }
    }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    inet_pton(AF_INET, host, &address.sin_addr)
    return withUnsafeBytes(of: &address) { call(descriptor, $0) }
  }

  private static func call(_ descriptor: Int32, _ address: UnsafeRawBufferPointer) -> Int32 {
    connect(
      descriptor, address.assumingMemoryBound(to: sockaddr.self).baseAddress,
      socklen_t(address.count))
  }

  /// Runs a call that waits off the threads that tests and servers share.
  ///
  /// A thread of its own: dispatch adds threads only slowly while its own are blocked.
  private func wait<Value: Sendable>(_ call: @escaping @Sendable () -> Value) async -> Value {
    await withCheckedContinuation { continuation in
      Thread.detachNewThread { continuation.resume(returning: call()) }
    }
  }

  /// Sends all bytes; false if the server has closed or takes none for the time-out.
  @discardableResult
  package func send(_ bytes: [UInt8]) async -> Bool {
    await wait { [self] in
      var rest = bytes[...]
      while !rest.isEmpty {
        let count = Self.uninterrupted {
          rest.withUnsafeBytes {
            Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
          }
        }
        guard count > 0 else { return false }
        rest = rest.dropFirst(count)
      }
      return true
    }
  }

  /// Sends text.
  @discardableResult
  package func send(_ text: String) async -> Bool { await send(Array(text.utf8)) }

  /// What arrives next; empty at the end of the stream, nil after the time-out or a reset.
  package func receive(atMost count: Int = 65_536) async -> [UInt8]? {
    await wait { [self] in next(atMost: count) }
  }

  private func next(atMost count: Int = 65_536) -> [UInt8]? {
    var buffer = [UInt8](repeating: 0, count: count)
    let received = Self.uninterrupted { recv(descriptor, &buffer, count, 0) }
    guard received >= 0 else { return nil }
    return Array(buffer.prefix(received))
  }

  /// Calls again what a stopped and continued process finds interrupted: with a time-out set, the kernel does not.
  private static func uninterrupted(_ call: () -> Int) -> Int {
    while true {
      let result = call()
      if result >= 0 || errno != EINTR { return result }
    }
  }

  /// Everything up to and with a text; what has arrived so far if the stream ends before it.
  package func receive(through end: String) async -> String {
    await wait { [self] in
      var bytes: [UInt8] = []
      let end = Array(end.utf8)
      while let byte = next(atMost: 1), !byte.isEmpty {
        bytes += byte
        if bytes.suffix(end.count).elementsEqual(end) { break }
      }
      return String(decoding: bytes, as: UTF8.self)
    }
  }

  /// Everything until the server closes; nil if it does not, or resets.
  package func receiveAll() async -> [UInt8]? {
    await wait { [self] in
      var bytes: [UInt8] = []
      while let piece = next() {
        if piece.isEmpty { return bytes }
        bytes += piece
      }
      return nil
    }
  }

  /// Exactly so many bytes, or fewer at the end of the stream.
  package func receive(exactly count: Int) async -> [UInt8] {
    await wait { [self] in
      var bytes: [UInt8] = []
      while bytes.count < count, let piece = next(atMost: count - bytes.count), !piece.isEmpty {
        bytes += piece
      }
      return bytes
    }
  }

  /// Says the last byte, and still listens.
  package func finishSending() { shutdown(descriptor, Int32(SHUT_WR)) }

  /// Says goodbye in both directions. (The descriptor itself is freed with the object.)
  package func close() { shutdown(descriptor, Int32(SHUT_RDWR)) }

  /// Makes the release of the object a reset.
  package func resetWhenReleased() {
    var value = linger(l_onoff: 1, l_linger: 0)
    setsockopt(
      descriptor, SOL_SOCKET, SO_LINGER, &value, socklen_t(MemoryLayout<linger>.size))
  }
}
