import Dispatch
import Synchronization

/// Tells the owners of many descriptors when theirs is ready, from one dispatch source.
///
/// ```
///  descriptors          this poller               libdispatch            the loop's queue
///  5, 6, 9 …  ──────▶  epoll instance  ──────▶  one read source  ──────▶  takeBatch()
///  token = generation ‖ number        readable while any is        32 events, then the queue's
///                                     ready, never hangs up        other work has its turn
/// ```
///
/// Why not a source for each descriptor: libdispatch on Linux frees its note of a descriptor on the
/// wrong thread when a peer hangs up, see `Sources/SOCKETS.md`. The source here is made once, on
/// a descriptor that no peer can hang up, and lives as long as the loop.
///
/// Who touches what when: the table stands behind a lock, so a descriptor may be added, changed and
/// removed from any thread, though nearly all of it happens on the loop, where nothing contends. Events
/// are taken and handlers called on the loop only, never under the lock. An event whose descriptor was
/// removed meanwhile, also by an earlier handler of the same batch, finds another generation or none in
/// the table and is dropped.
package final class Poller: Sendable {
  /// How many events are handled before the other work of the loop has its turn.
  static let batch = 32

  /// The epoll instance.
  let poller: Int32
  private let table = Mutex(WatchTable())
  private let source = Mutex<(any DispatchSourceRead)?>(nil)

  /// Makes a poller that calls back on a queue.
  ///
  /// - Throws: `PollerError` when descriptors or memory have run out.
  init(queue: DispatchQueue) throws(PollerError) {
    let poller = try Fence.makePoller()
    self.poller = poller
    source.withLock { slot in
      let source = DispatchSource.makeReadSource(fileDescriptor: poller, queue: queue)
      source.setCancelHandler { Fence.closePoller(poller) }
      source.setEventHandler { [weak self] in self?.takeBatch() }
      source.resume()
      slot = source
    }
  }

  deinit { source.withLock { $0?.cancel() } }

  /// How many descriptors are watched, also for nothing.
  package var count: Int { table.withLock(\.count) }

  /// Enters a descriptor, for nothing yet; it must be removed before it is closed.
  ///
  /// - Parameters:
  ///   - readable: called on the loop while there is something to read and that is wished.
  ///   - writable: called on the loop while there is room to write and that is wished.
  package func add(
    _ descriptor: Int32, readable: @escaping @Sendable () -> Void,
    writable: @escaping @Sendable () -> Void
  ) -> Watch {
    table.withLock { $0.add(descriptor, readable: readable, writable: writable) }
  }

  /// Wishes something else of a descriptor; costs a system call only if it differs.
  ///
  /// - Throws: `PollerError`; nothing is wished of the descriptor then.
  package func setInterest(_ interest: Interest, of watch: Watch) throws(PollerError) {
    try table.withLock { table throws(PollerError) in
      do throws(PollerError) {
        try Fence.tell(poller, table.setInterest(interest, of: watch), of: watch)
      } catch {
        _ = table.setInterest([], of: watch)
        throw error
      }
    }
  }

  /// Forgets a descriptor: when this returns, none of its handlers is called any more, unless one of
  /// them runs right now on the loop.
  package func remove(_ watch: Watch) {
    table.withLock { table in
      // The system can only refuse what it does not know, which is then removed already.
      try? Fence.tell(poller, table.remove(watch), of: watch)
    }
  }

  /// Handles what is ready.
  ///
  /// What is left has the source fire again, behind the work that waits on the queue by then.
  private func takeBatch() {
    for (watch, ready) in Fence.takeEvents(poller, atMost: Self.batch) {
      for wish in [Interest.reading, .writing] {
        // Asked anew for each: the handler before may have closed the descriptor or changed the wish.
        let handler = table.withLock { $0.handler(for: watch, wish, ready: ready) }
        handler?()
      }
    }
  }
}
