package import Sockets
import Synchronization

/// The writing end of a streamed body: what a handler's task writes, the connection pulls.
///
/// `write` waits while the peer is slow, so a fast producer is held back to the peer's pace;
/// `offer` never waits and says what became of the piece.
package final class BodyWriter: BodySource {
  /// Thrown by `write` when nobody reads any more.
  package struct Closed: Error, Equatable {}

  private let queue: BoundedQueue<[UInt8]>
  private let wake = Mutex<(@Sendable () -> Void)?>(nil)
  private let isCut = Atomic(false)

  /// Makes a writer.
  ///
  /// - Parameter limit: how many bytes may wait for the connection before writers wait too.
  package init(limit: Int = 64 << 10) {
    queue = BoundedQueue(limit: limit)
  }

  /// Whether the peer has gone or the body has ended.
  package var isClosed: Bool { queue.isClosed }

  /// Adds a piece if there is room; never waits.
  @discardableResult
  package func offer(_ piece: [UInt8]) -> Offer {
    guard !piece.isEmpty else { return queue.isClosed ? .closed : .queued }
    let offer = queue.offer(piece, cost: piece.count)
    if offer == .queued { wakeConnection() }
    return offer
  }

  /// Adds a piece, first waiting for room.
  ///
  /// - Throws: `Closed` when the peer has gone; `CancellationError` when the task is cancelled.
  package func write(_ piece: [UInt8]) async throws {
    while true {
      try Task.checkCancellation()
      switch offer(piece) {
      case .queued: return
      case .closed: throw Closed()
      case .dropped: await queue.room()
      }
    }
  }

  /// Ends the body.
  ///
  /// Later pieces are refused.
  package func finish() {
    queue.finish()
    wakeConnection()
  }

  /// Gives the body up: the connection is cut, so that the peer sees it was not completed.
  package func cut() {
    isCut.store(true, ordering: .releasing)
    finish()
  }

  private func wakeConnection() {
    wake.withLock(\.self)?()
  }

  // MARK: The connection's end

  package func begin(wake: @escaping @Sendable () -> Void) {
    self.wake.withLock { $0 = wake }
  }

  package func pull(atMost byteCount: Int) -> BodyPull {
    if isCut.load(ordering: .acquiring) { return .cut }
    let (pieces, isFinished) = queue.takeAll()
    guard pieces.isEmpty else { return .pieces(pieces) }
    return isFinished ? .end : .later
  }

  package func leave() {
    wake.withLock { $0 = nil }
    queue.close()
  }
}
