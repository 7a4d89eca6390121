package import Loops

/// One connected peer: reads when asked, writes from an outbox, and never waits.
///
/// Not an actor itself but part of one: its owner is an actor on the same loop, enters itself with
/// `assumeIsolated` in the two callbacks, and is the only one to touch this object.
///
/// - Isolation: the loop. The compiler keeps it there, as it is not `Sendable`.
package final class Connection {
  /// The system calls of a connection, so that tests can play a kernel that is slow or breaks.
  package struct Calls: Sendable {
    package var read: @Sendable (Int32, UnsafeMutableRawBufferPointer) -> ReadOutcome
    package var send: @Sendable (Int32, [UnsafeRawBufferPointer]) -> WriteOutcome

    package init(
      read: @escaping @Sendable (Int32, UnsafeMutableRawBufferPointer) -> ReadOutcome,
      send: @escaping @Sendable (Int32, [UnsafeRawBufferPointer]) -> WriteOutcome
    ) {
      self.read = read
      self.send = send
    }

    /// The real ones.
    package static let system = Calls(read: Fence.read, send: Fence.send)
  }

  /// Sizes of a connection, in bytes.
  package struct Limits: Sendable {
    /// What one read takes at most.
    package var read = 16 << 10
    /// What waits in the outbox before offers are refused.
    package var outbox = 256 << 10
    /// The kernel's send buffer (it doubles the figure for its own needs).
    package var sendBuffer = 64 << 10

    /// The sizes used when nothing is configured.
    package init() {}
  }

  /// The other end.
  package let remote: SocketAddress
  /// This end: the address that the peer has reached; nil where the system does not say.
  package let local: SocketAddress?
  /// What waits to be written.
  package private(set) var outbox: Outbox
  /// Bytes written since the connection began: whether a slow peer makes progress.
  package private(set) var writtenByteCount = 0
  /// Whether the connection is closed on our side.
  package private(set) var isClosed = false

  private let descriptor: Int32
  private let limits: Limits
  private let calls: Calls
  private let loop: Loop
  private var readiness: Readiness?
  /// Owns the descriptor until it is watched.
  private var unopened: Descriptor?

  /// Takes a socket over; `open` begins.
  package init(
    _ socket: consuming AcceptedSocket, loop: Loop, limits: Limits = Limits(),
    calls: Calls = .system
  ) {
    remote = socket.remote
    let number = socket.release()
    local = Fence.localAddress(of: number)
    descriptor = number
    unopened = Descriptor(number)
    outbox = Outbox(limit: limits.outbox)
    self.limits = limits
    self.calls = calls
    self.loop = loop
    Fence.prepare(number, sendBuffer: limits.sendBuffer)
  }

  /// Begins; nothing is read before `setReading(true)`.
  ///
  /// - Parameters:
  ///   - readable: called on the loop while there is something to read and reading is on.
  ///   - writable: called on the loop when the peer takes bytes again after a pending flush.
  package func open(
    readable: @escaping @Sendable () -> Void, writable: @escaping @Sendable () -> Void
  ) {
    guard !isClosed, let owned = unopened.take()?.release() else { return }
    readiness = Readiness(
      descriptor: owned, loop: loop, readable: readable, writable: writable)
  }

  /// Whether `readable` is called.
  package var isReading: Bool { readiness?.isReading ?? false }

  /// Turns reading on or off.
  ///
  /// Off, the kernel's buffer fills and the peer has to wait.
  package func setReading(_ wanted: Bool) {
    readiness?.setReading(wanted)
  }

  /// Reads once and lends the bytes, which are valid only inside the body.
  package func read(_ body: (UnsafeRawBufferPointer) -> Void) -> ReadOutcome {
    guard !isClosed else { return .end }
    if let code = readiness?.failure { return .failed(code) }
    return withUnsafeTemporaryAllocation(byteCount: limits.read, alignment: 16) { buffer in
      let outcome = calls.read(descriptor, buffer)
      if case .bytes(let count) = outcome {
        body(UnsafeRawBufferPointer(rebasing: buffer[..<min(count, buffer.count)]))
      }
      return outcome
    }
  }

  /// Takes pieces that belong together into the outbox, all or none; `flush` sends them.
  @discardableResult
  package func offer(_ parcel: [[UInt8]]) -> Offer { outbox.offer(parcel) }

  /// Takes pieces into the outbox whatever its limit: what completes something begun.
  package func append(_ parcel: [[UInt8]]) { outbox.append(parcel) }

  /// Writes as much as the peer takes.
  package func flush() -> FlushOutcome {
    guard !isClosed else { return .drained }
    while !outbox.isEmpty {
      let outcome = outbox.withNext { calls.send(descriptor, $0) }
      switch outcome {
      case .bytes(let count):
        outbox.advance(by: count)
        writtenByteCount += count
      case .nothing:
        readiness?.setWriting(true)
        if let code = readiness?.failure { return .failed(code) }
        return .pending
      case .failed(let code):
        return .failed(code)
      }
    }
    readiness?.setWriting(false)
    return .drained
  }

  /// Says the last byte; the peer may still speak.
  package func finishWriting() {
    guard !isClosed else { return }
    Fence.shutdownWrites(descriptor)
  }

  /// Whether a peer that has said its last byte has also stopped listening.
  package var isPeerGone: Bool { !isClosed && Fence.isGone(descriptor) }

  /// Closes, and frees the descriptor at once; `closed` is called on the loop afterwards.
  ///
  /// - Parameter abortively: reset, so that the peer sees that the end is not an orderly one.
  package func close(abortively: Bool = false, then closed: @escaping @Sendable () -> Void = {}) {
    guard !isClosed else { return }
    isClosed = true
    outbox.close()
    if abortively { Fence.resetOnClose(descriptor) }
    unopened = nil
    readiness?.cancel()
    loop.execute(closed)
  }

  deinit { close() }
}
