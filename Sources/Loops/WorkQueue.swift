import Dispatch
import Synchronization

/// Where requests have their long computations done: tokenising, templates, large JSON, packing and unpacking.
///
/// Swift's own threads are as few as there are processors and serve every request and every connection's tasks, so
/// one text of megabytes on each would stop them all. Here such work runs on threads of its own, in turns by client
/// (`WorkTurns`), bounded in number, and is withdrawn when whoever asked for it leaves. Work that is under way sees its
/// task's cancellation and gives up by itself.
package final class WorkQueue: Sendable {
  private struct State: Sendable {
    var turns: WorkTurns
    var waiting: [Int: CheckedContinuation<Bool, Never>] = [:]
    var isTrimDue = false
  }

  private let state: Mutex<State>
  private let small: WorkThreads
  /// Threads of large pieces, which give way to everything else.
  private let large: WorkThreads
  private let requests: WorkThreads
  private let largeBytes: Int

  /// Bytes from which a piece counts as large.
  package static let largeBytes = WorkTurns.Limits().largeBytes
  /// Pieces that may wait where nothing else is said.
  package static let usuallyWaiting = WorkTurns.Limits().waiting
  private static let trimDelay: DispatchTimeInterval = .milliseconds(500)

  /// Makes a queue without threads; they come with work and go without.
  ///
  /// - Parameter waiting: pieces that may wait.
  package convenience init(waiting: Int = WorkQueue.usuallyWaiting) {
    self.init(limits: WorkTurns.Limits(waiting: waiting))
  }

  init(limits: WorkTurns.Limits) {
    state = Mutex(State(turns: WorkTurns(limits: limits)))
    small = WorkThreads(count: limits.small)
    // One more than pieces: what a large request does between its pieces runs here too.
    large = WorkThreads(count: limits.large + 1, niceness: 10)
    requests = WorkThreads(count: max(Fence.processorCount, 2))
    largeBytes = limits.largeBytes
  }

  /// Where a request's task runs between its pieces of work: never on Swift's own threads, which whoever computes on
  /// them would take from every request.
  ///
  /// - Parameter bytes: of the request; large ones have the threads of large pieces.
  package func executor(bytes: Int = 0) -> any TaskExecutor {
    bytes >= largeBytes ? large : requests
  }

  /// Pieces that wait for a thread.
  var waitingCount: Int { state.withLock { $0.turns.waiting } }

  /// Has a piece of work done when the turn of the task's client comes.
  ///
  /// - Parameter bytes: how much there is to be gone through, which decides whether the piece is a large one.
  /// - Throws: `WorkRefusal` where too much waits, or the task was cancelled before the work began.
  package func turn<Answer: Sendable>(
    bytes: Int, _ work: @Sendable () -> Answer
  ) async throws(WorkRefusal) -> Answer {
    let ticket = try await enter(bytes: bytes)
    defer { leave(ticket, bytes: bytes) }
    guard !Task.isCancelled else { throw .cancelled }
    return await withTaskExecutorPreference(bytes >= largeBytes ? large : small) { work() }
  }

  // MARK: Waiting

  private func enter(bytes: Int) async throws(WorkRefusal) -> Int {
    let client = ClientKey.current
    let ticket = try state.withLock { state throws(WorkRefusal) in
      try state.turns.join(client, bytes: bytes)
    }
    let isServed = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let known = state.withLock { state -> Bool? in
          if state.turns.isRunning(ticket) { return true }
          if Task.isCancelled {
            state.turns.withdraw(ticket)
            return false
          }
          state.waiting[ticket] = continuation
          return nil
        }
        if let known { continuation.resume(returning: known) }
      }
    } onCancel: {
      withdraw(ticket)
    }
    guard isServed else { throw .cancelled }
    return ticket
  }

  private func withdraw(_ ticket: Int) {
    let continuation = state.withLock { state in
      guard let waiting = state.waiting.removeValue(forKey: ticket) else {
        return nil as CheckedContinuation<Bool, Never>?
      }
      state.turns.withdraw(ticket)
      return waiting
    }
    continuation?.resume(returning: false)
  }

  private func leave(_ ticket: Int, bytes: Int) {
    let (served, isTrimWanted) = state.withLock { state in
      let tickets = state.turns.finish(ticket)
      let isWanted = bytes >= largeBytes && !state.isTrimDue
      if isWanted { state.isTrimDue = true }
      return (tickets.compactMap { state.waiting.removeValue(forKey: $0) }, isWanted)
    }
    for continuation in served { continuation.resume(returning: true) }
    if isTrimWanted { trimLater() }
  }

  /// Gives memory back to the system that large pieces have left unused: the allocator would keep it.
  private func trimLater() {
    DispatchQueue.global().asyncAfter(deadline: .now() + Self.trimDelay) { [weak self] in
      self?.state.withLock { $0.isTrimDue = false }
      Fence.trimMemory()
    }
  }
}
