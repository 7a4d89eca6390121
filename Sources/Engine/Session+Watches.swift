internal import Hooks
internal import Tokenizers

extension Session {
  /// Looks for what the generation is watched for in what a pass has captured.
  func watch(_ captures: CaptureBatch?) {
    guard watcher != nil, let captures else { return }
    fired += watcher?.search(captures) ?? []
  }

  /// Looks for what watches were changed to, from this pass on.
  func followWatches() {
    if watcher == nil, !watches.all.isEmpty { watcher = Watcher([]) }
    if watcher?.list != watches { watcher?.follow(watches) }
  }

  /// What is captured once the watches are others: what analyses read stays.
  func captures(watching list: WatchList) -> [CaptureSpec] {
    let (old, new) = (Set(watches.captures), list.captures)
    let kept = captures.filter { spec in
      !spec.isForAnalysis || !old.contains(spec) || new.contains(spec)
        || request.analysed.contains(spec)
    }
    return kept + new.filter { !kept.contains($0) }
  }

  /// The same of the token that the pass chose, which is taken in already.
  func watch(_ score: TokenScore, step: Int) {
    guard watcher != nil else { return }
    fired +=
      watcher?.search(
        token: score.token, text: request.model.tokenizer.piece(score.token),
        logprob: score.logprob, step: step, position: tokens.count - 1) ?? []
  }

  /// Tells what fired in a pass, in the order of the watches.
  ///
  /// - Parameter goesOn: whether another pass follows.
  /// - Returns: whether it is to pause before that.
  func tellFired(goesOn: Bool) -> Bool {
    guard !fired.isEmpty, let watches = watcher?.watches else { return false }
    var pauses = false
    for firing in fired.sorted(by: { $0.watch < $1.watch }) {
      let done: WatchOutcome =
        switch watches[firing.watch].action {
        case .pause: goesOn ? .paused : .ended
        case .mark: .marked
        case .snapshot: .snapshot
        }
      if done == .paused { pauses = true }
      sink.receive(.watchFired(firing, done: done), of: generation)
    }
    fired.removeAll(keepingCapacity: true)
    return pauses
  }

  /// Counts a finished pass of those that were asked for.
  ///
  /// - Parameter isWatched: whether a watch asks for a pause.
  /// - Returns: whether the generation pauses behind it.
  func pauses(isWatched: Bool) -> Bool {
    let left = stepsLeft
    stepsLeft = isWatched ? nil : left.flatMap { $0 > 1 ? $0 - 1 : nil }
    return isWatched || left.map { $0 <= 1 } ?? false
  }
}
