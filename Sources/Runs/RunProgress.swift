internal import Engine
internal import Hooks

/// How far a run is and what is in force in it, as its viewers have been told.
struct RunProgress: Sendable {
  private(set) var status: RunStatus
  private(set) var step = 0
  /// The text of each generated token; the first belongs to pass 0.
  private(set) var pieces: [String] = []
  private(set) var completionTokens = 0
  private(set) var finishReason: String?
  private(set) var summary: GenerationSummary?
  private(set) var failure: RunError?
  private(set) var hooks: HookTable
  private(set) var interventions: [Intervention]
  private(set) var watches: WatchList
  /// Text that was held back until the end.
  private var rest = ""

  init(_ order: RunOrder) {
    status = order.startsPaused ? .paused : .queued
    hooks = HookTable(order.hooks, format: order.frames)
    interventions = order.interventions
    watches = WatchList(order.watches)
  }

  /// What has been generated so far.
  var text: String { pieces.joined() + rest }
  /// The hooks in force, and those taken off of which the pass under way still brings tensors.
  var toldHooks: [RunHook] { hooks.told(after: pieces.count) }

  // MARK: Steps

  /// Takes in what befalls the run, and the step at which it does.
  mutating func note(_ occasion: RunStatus.Occasion, at step: Int? = nil) {
    status = status.after(occasion)
    // Before the first pass the engine counts from -1; viewers know no step before 0.
    if let step { self.step = max(0, step) }
  }

  mutating func begin(_ step: Int) { self.step = step }

  mutating func add(_ text: String, at step: Int) {
    note(.computed, at: step)
    pieces.append(text)
    completionTokens += 1
  }

  mutating func add(rest: String) { self.rest += rest }

  /// Goes on from another run's text.
  mutating func inherit(_ pieces: [String], step: Int) {
    self.pieces = pieces
    completionTokens = pieces.count
    self.step = step
  }

  /// Takes back the tokens behind a step.
  mutating func rewind(to step: Int) {
    pieces.removeLast(max(0, pieces.count - step - 1))
    completionTokens = pieces.count
    hooks.rewind(to: pieces.count)
    note(.paused, at: step)
  }

  mutating func finish(_ reason: FinishReason, _ summary: GenerationSummary) {
    note(.ended(reason == .cancelled ? .cancelled : .finished))
    finishReason = reason.rawValue
    self.summary = summary
    completionTokens = summary.completionTokens
  }

  mutating func fail(_ error: RunError) {
    note(.ended(.failed))
    failure = error
    finishReason = "error"
  }

  // MARK: What is in force

  mutating func apply(_ change: RunChange, from step: Int) {
    switch change {
    case .hooks(let added, let removed, _):
      hooks.change(adding: added, removing: removed, from: step)
    case .intervene(let intervention, _): interventions.set(intervention, from: step)
    case .removeIntervention(let id): interventions.remove(id)
    case .watches(let added, let removed, _): watches.change(adding: added, removing: removed)
    case .rewind: break
    }
  }

  /// The hook of each of a batch's specs; nil for those that nobody is sent.
  mutating func hooks(of batch: CaptureBatch) -> [RunHook?] {
    hooks.places(of: batch.specs, step: batch.step).map { $0.map { hooks[$0] } }
  }

  /// The hook that a captured tensor is of; nil where nobody is sent it.
  mutating func hook(of item: CaptureBatch.Item, in batch: CaptureBatch) -> RunHook? {
    hooks.places(of: batch.specs, step: batch.step)[item.spec].map { hooks[$0] }
  }
}
