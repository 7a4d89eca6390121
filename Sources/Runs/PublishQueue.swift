internal import DequeModule
internal import Engine
internal import Hooks
internal import Interpretability

/// What waits for being published, and what of it is worked on elsewhere: nothing else is published meanwhile.
struct PublishQueue {
  enum Work: Sendable {
    case event(GenerationEvent)
    /// A pass's captures, of which the first few are published already.
    case captures(CaptureBatch, from: Int)
    /// The id of a run that forked from this one.
    case fork(String)
  }

  /// Where captures become frames; nil once the run is closed.
  private(set) var framing: Framing?
  private(set) var isFraming = false
  private(set) var isAnalysing = false
  private var work: Deque<Work> = []
  /// The pass whose token has not come yet.
  private var unanalysed: CaptureBatch?
  /// What the run's analyses keep between passes, in the order of the analyses.
  private var memories: [(any AnalysisMemory)?] = []
  /// Who waits for what is worked on elsewhere.
  private var settling: [CheckedContinuation<Void, Never>] = []

  init(_ framing: Framing) { self.framing = framing }

  /// Whether something is worked on elsewhere.
  var isBusy: Bool { isFraming || isAnalysing }

  mutating func append(_ next: Work) { work.append(next) }

  /// Puts back what could not be published to its end.
  mutating func prepend(_ next: Work) { work.prepend(next) }

  /// What is to be published next; nil where there is nothing, or where it has to wait.
  mutating func next() -> Work? { isBusy ? nil : work.popFirst() }

  // MARK: Framing and analyses elsewhere

  mutating func beginFraming() -> Framing? {
    isFraming = framing != nil
    return framing
  }

  mutating func endFraming() { isFraming = false }

  /// Keeps a pass until its token has come.
  mutating func awaitToken(of batch: CaptureBatch) { unanalysed = batch }

  /// The pass to analyse now that its token has come; nil where there is none.
  mutating func beginAnalyses() -> CaptureBatch? {
    let batch = unanalysed.take()
    isAnalysing = batch != nil
    return batch
  }

  mutating func endAnalyses() { isAnalysing = false }

  /// What an analysis keeps between passes.
  ///
  /// - Parameter make: makes what all of them keep, before the first pass.
  mutating func memory(
    of index: Int, make: () -> [(any AnalysisMemory)?]
  ) -> (any AnalysisMemory)? {
    if memories.isEmpty { memories = make() }
    return memories[index]
  }

  // MARK: Waiting

  /// Has somebody wait for what is worked on elsewhere.
  ///
  /// Asked here again whether there is anything: for a task that prefers other threads the way into a continuation is a turn
  /// of its own on the loop, and what was under way may have ended in the turn before.
  mutating func settle(_ waiting: CheckedContinuation<Void, Never>) {
    if isBusy { settling.append(waiting) } else { waiting.resume() }
  }

  /// Has those look again who wait.
  mutating func wakeSettling() {
    for waiting in settling { waiting.resume() }
    settling.removeAll()
  }

  /// Drops what waits; who is waiting stays, until what is under way elsewhere is back.
  mutating func close() {
    framing = nil
    work.removeAll()
    unanalysed = nil
    memories.removeAll()
  }
}
