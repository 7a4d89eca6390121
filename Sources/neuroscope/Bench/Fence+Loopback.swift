#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#else
internal import Darwin
#endif

extension Fence {
  /// A connection to a port of this machine, or nil where nobody listens.
  ///
  /// - Ownership: the caller closes it.
  static func connect(port: UInt16) -> Int32? {
    #if canImport(Glibc)
    let stream = Int32(SOCK_STREAM.rawValue)
    #else
    let stream = SOCK_STREAM
    #endif
    let descriptor = socket(AF_INET, stream, 0)
    guard descriptor >= 0 else { return nil }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let joined = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { join(descriptor, $0, size) }
    }
    if joined == 0 { return descriptor }
    release(descriptor)
    return nil
  }

  private static func join(
    _ descriptor: Int32, _ address: UnsafePointer<sockaddr>, _ size: socklen_t
  ) -> Int32 {
    #if canImport(Glibc)
    Glibc.connect(descriptor, address, size)
    #elseif canImport(Musl)
    Musl.connect(descriptor, address, size)
    #else
    Darwin.connect(descriptor, address, size)
    #endif
  }

  /// Writes all bytes; false if the peer is gone.
  static func write(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
    var sent = 0
    while sent < bytes.count {
      let count = bytes.withUnsafeBytes {
        send(descriptor, $0.baseAddress.map { $0 + sent }, $0.count - sent, 0)
      }
      guard count > 0 else { return false }
      sent += count
    }
    return true
  }

  /// Reads what is there, waiting for the first byte; 0 at the end.
  static func read(_ descriptor: Int32, into buffer: UnsafeMutableRawBufferPointer) -> Int {
    max(recv(descriptor, buffer.baseAddress, buffer.count, 0), 0)
  }

  /// Gives a descriptor back.
  static func release(_ descriptor: Int32) { _ = close(descriptor) }
}
