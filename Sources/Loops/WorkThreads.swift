import Dispatch
import Synchronization

/// A few threads that tasks may prefer; they begin when there is work, and end after a while without any.
package final class WorkThreads: TaskExecutor {
  private struct State {
    var jobs: [UnownedJob] = []
    var threads = 0
    var idle = 0
  }

  private let state = Mutex(State())
  private let signal = DispatchSemaphore(value: 0)
  private let limit: Int
  private let niceness: Int32

  private static let patience: DispatchTimeInterval = .seconds(5)
  /// Readers of nested values go as deep as they allow themselves to.
  private static let stackBytes = 8 << 20

  /// - Parameter niceness: how much the threads give way to others of the process, 0 to 19.
  package init(count: Int, niceness: Int32 = 0) {
    limit = max(count, 1)
    self.niceness = niceness
  }

  /// How many threads there are now.
  var threadCount: Int { state.withLock(\.threads) }

  package func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    let isThreadWanted = state.withLock { state in
      state.jobs.append(job)
      if state.idle > 0 {
        state.idle -= 1
        signal.signal()
        return false
      }
      guard state.threads < limit else { return false }
      state.threads += 1
      return true
    }
    guard isThreadWanted else { return }
    let begins = Fence.startThread(stackBytes: Self.stackBytes, niceness: niceness) { [self] in
      work()
    }
    // Without another thread the work is done all the same, on one of the dispatch library's.
    if !begins { DispatchQueue.global().async { [self] in work() } }
  }

  /// The life of a thread.
  private func work() {
    while true {
      while let job = next() { job.runSynchronously(on: asUnownedTaskExecutor()) }
      if signal.wait(timeout: .now() + Self.patience) == .timedOut, isEnd() { return }
    }
  }

  private func next() -> UnownedJob? {
    state.withLock { state in
      guard !state.jobs.isEmpty else {
        state.idle += 1
        return nil
      }
      return state.jobs.removeFirst()
    }
  }

  /// Whether nobody has counted on this thread since it waited too long.
  private func isEnd() -> Bool {
    let isOver = state.withLock { state in
      guard state.idle > 0 else { return false }
      state.idle -= 1
      state.threads -= 1
      return true
    }
    // Somebody has woken it at the last moment: that wake-up is taken.
    if !isOver { signal.wait() }
    return isOver
  }
}
