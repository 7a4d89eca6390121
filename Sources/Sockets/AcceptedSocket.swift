/// A connected peer that nobody reads yet; closes itself if nobody takes it over.
package struct AcceptedSocket: ~Copyable, Sendable {
  private let descriptor: Descriptor
  /// The other end.
  package let remote: SocketAddress

  init(descriptor: consuming Descriptor, remote: SocketAddress) {
    self.descriptor = descriptor
    self.remote = remote
  }

  /// Hands the descriptor over; the caller closes it.
  consuming func release() -> Int32 { descriptor.release() }
}
