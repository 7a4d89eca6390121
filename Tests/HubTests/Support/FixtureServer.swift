import Foundation
import Glibc
import Synchronization

/// An HTTP server for tests on a free port of this machine: one request a connection, answered by a closure.
final class FixtureServer: Sendable {
  struct Request: Sendable {
    var path: String
    /// Names in lower case.
    var headers: [String: String]
  }

  struct Reply: Sendable {
    var status = 200
    var headers: [String: String] = [:]
    var body: [UInt8] = []
    /// Closes the connection after so many bytes of the body.
    var cut: Int?
  }

  let port: UInt16
  private let listener: Int32
  private let log = Mutex<[Request]>([])
  private let answer: @Sendable (Request, _ number: Int) -> Reply

  /// Every request so far.
  var requests: [Request] { log.withLock { $0 } }
  var address: String { "http://127.0.0.1:\(port)" }

  /// - Parameter answer: gets the request and how many came before it.
  init(_ answer: @escaping @Sendable (Request, _ number: Int) -> Reply) throws {
    self.answer = answer
    listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var place = sockaddr_in()
    place.sin_family = sa_family_t(AF_INET)
    place.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let descriptor = listener
    let isBound = withUnsafeMutablePointer(to: &place) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, length) == 0 && listen(descriptor, 16) == 0
          && getsockname(descriptor, $0, &length) == 0
      }
    }
    guard isBound else { throw CocoaError(.fileReadUnknown) }
    port = UInt16(bigEndian: place.sin_port)
    Thread.detachNewThread { [weak self] in
      // Closed here, not with the server: a number that is free again may be the next server's.
      defer { close(descriptor) }
      while true {
        let connection = accept(descriptor, nil, nil)
        guard connection >= 0 else { return }
        self?.serve(connection)
        close(connection)
      }
    }
  }

  /// Ends the thread's waiting.
  deinit { shutdown(listener, Int32(SHUT_RDWR)) }

  private func serve(_ connection: Int32) {
    guard let request = Self.read(connection) else { return }
    let number = log.withLock { requests in
      requests.append(request)
      return requests.count - 1
    }
    let reply = answer(request, number)
    var head = "HTTP/1.1 \(reply.status) X\r\nContent-Length: \(reply.body.count)\r\n"
    for (name, value) in reply.headers { head += "\(name): \(value)\r\n" }
    head += "Connection: close\r\n\r\n"
    let bytes = Array(head.utf8) + reply.body.prefix(reply.cut ?? reply.body.count)
    var sent = 0
    while sent < bytes.count {
      let count = bytes.withUnsafeBytes { buffer in
        send(
          connection, buffer.baseAddress?.advanced(by: sent), bytes.count - sent,
          Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { return }
      sent += count
    }
  }

  private static func read(_ connection: Int32) -> Request? {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4_096)
    while !bytes.suffix(4).elementsEqual([13, 10, 13, 10]) {
      let count = recv(connection, &buffer, buffer.count, 0)
      guard count > 0 else { return nil }
      bytes += buffer[..<count]
    }
    let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\r\n")
    guard let words = lines.first?.split(separator: " "), words.count == 3 else { return nil }
    var headers: [String: String] = [:]
    for line in lines.dropFirst() {
      guard let colon = line.firstIndex(of: ":") else { continue }
      headers[line[..<colon].lowercased()] = line[line.index(after: colon)...]
        .trimmingCharacters(in: .whitespaces)
    }
    return Request(path: String(words[1]), headers: headers)
  }
}
