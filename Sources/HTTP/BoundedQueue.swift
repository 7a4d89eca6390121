import Sockets
import Synchronization

/// Things on their way to one connection, bounded by their cost in bytes.
///
/// Any thread offers; the connection's loop takes. Offering never waits; who wants to wait for room
/// calls `room()` and offers again.
final class BoundedQueue<Element: Sendable>: Sendable {
  private struct State: Sendable {
    var elements: [Element] = []
    var cost = 0
    var isFinished = false
    var isClosed = false
    var waiting: [Int: CheckedContinuation<Void, Never>] = [:]
    var nextTicket = 0

    mutating func takeWaiting() -> [CheckedContinuation<Void, Never>] {
      defer { waiting = [:] }
      return Array(waiting.values)
    }
  }

  private let limit: Int
  private let state = Mutex(State())

  /// Makes an empty queue that takes elements while less than `limit` bytes wait.
  ///
  /// An element larger than the limit is still taken when there is any room, or it could never be
  /// sent at all.
  init(limit: Int) {
    self.limit = limit
  }

  /// Whether nothing more is taken.
  var isClosed: Bool { state.withLock { $0.isClosed || $0.isFinished } }

  /// Adds an element if there is room.
  func offer(_ element: Element, cost: Int) -> Offer {
    state.withLock { state in
      if state.isClosed || state.isFinished { return .closed }
      guard state.cost < limit else { return .dropped }
      state.elements.append(element)
      // A fixed charge besides, so that empty elements are bounded too.
      state.cost += cost + 16
      return .queued
    }
  }

  /// Takes everything that waits, and whether more may come.
  func takeAll() -> (elements: [Element], isFinished: Bool) {
    let (elements, isFinished, resumed) = state.withLock { state in
      defer {
        state.elements = []
        state.cost = 0
      }
      return (state.elements, state.isFinished, state.takeWaiting())
    }
    for continuation in resumed { continuation.resume() }
    return (elements, isFinished)
  }

  /// Refuses further elements; what waits can still be taken.
  func finish() {
    let resumed = state.withLock { state in
      state.isFinished = true
      return state.takeWaiting()
    }
    for continuation in resumed { continuation.resume() }
  }

  /// Refuses further elements and forgets what waits.
  func close() {
    let resumed = state.withLock { state in
      state.isClosed = true
      state.elements = []
      return state.takeWaiting()
    }
    for continuation in resumed { continuation.resume() }
  }

  /// Waits until there may be room, the queue takes nothing more, or the task is cancelled.
  func room() async {
    let ticket = state.withLock { state in
      state.nextTicket += 1
      return state.nextTicket
    }
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isReady = state.withLock { state in
          let isOver = state.isClosed || state.isFinished || Task.isCancelled
          guard state.cost >= limit, !isOver else { return true }
          state.waiting[ticket] = continuation
          return false
        }
        if isReady { continuation.resume() }
      }
    } onCancel: {
      state.withLock { $0.waiting.removeValue(forKey: ticket) }?.resume()
    }
  }
}
