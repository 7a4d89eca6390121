internal import Loops
internal import Runs
internal import Synchronization

/// A harvest that is being written, and how its last execution ended.
final class HarvestJob: Sendable {
  private struct State {
    var progress: HarvestProgress
    var isRunning = true
    var isCancelled = false
    var error: Refusal?
    var task: Task<Void, Never>?
  }

  let name: String
  /// Bytes that it will have, its small files not counted.
  let byteCount: Int
  let owner = ClientKey.current
  private let state: Mutex<State>

  init(_ name: String, _ order: HarvestOrder, byteCount: Int) {
    self.name = name
    self.byteCount = byteCount
    state = Mutex(State(progress: HarvestProgress(order)))
  }

  var isRunning: Bool { state.withLock(\.isRunning) }
  /// Why the last execution failed.
  var error: Refusal? { state.withLock(\.error) }
  var progress: HarvestProgress { state.withLock(\.progress) }

  /// Starts the work; one that was cancelled before ends at once.
  func run(from progress: HarvestProgress, _ task: Task<Void, Never>) {
    let isCancelled = state.withLock { state in
      state.progress = progress
      state.task = task
      return state.isCancelled
    }
    if isCancelled { task.cancel() }
  }

  func note(_ prompt: Int) { state.withLock { _ = $0.progress.take(prompt) } }

  func end(_ error: Refusal?) {
    state.withLock { state in
      state.isRunning = false
      if !state.isCancelled { state.error = error }
    }
  }

  /// Ends the work between two chunks of prompts, and waits for that.
  func cancel() async {
    let task = state.withLock { state in
      state.isCancelled = true
      return state.task
    }
    task?.cancel()
    await task?.value
  }
}
