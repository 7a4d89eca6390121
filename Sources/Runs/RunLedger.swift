internal import Engine
package import Hooks
package import Tokenizers

/// What the engine has made of a run, kept in the order of the engine.
///
/// What viewers are told may lag behind (they read, tensors are encoded); a fork asks here, at the moment when the
/// engine takes it off.
package struct RunLedger: Sendable {
  /// A change that was made, and where.
  struct Entry: Sendable {
    let change: RunChange
    let firstStep: Int
    let replacedFrom: Int?

    var records: [[UInt8]] { change.records(from: firstStep, replacedFrom: replacedFrom) }
  }

  /// The hooks in force.
  package private(set) var hooks: [HookOrder]
  package private(set) var interventions: [Intervention]
  package private(set) var watches: WatchList
  /// The first pass that the run has computed itself, which a fork leaves to its parent; nil before there is one.
  package private(set) var firstStep: Int?
  /// The prompt and what was generated, as far as it was not taken back.
  package private(set) var tokens: [Token]
  private let promptCount: Int
  /// The record of the request, where the run is recorded.
  private let request: [UInt8]?
  private var entries: [Entry] = []
  /// Changes that were asked for and are not published yet.
  private var open: [UInt64: RunChange] = [:]
  private var lastTag: UInt64 = 0

  init(_ order: RunOrder) {
    hooks = order.hooks
    interventions = order.interventions
    watches = WatchList(order.watches)
    tokens = order.tokens
    promptCount = order.tokens.count
    request = order.recordedRequest
  }

  /// Takes over what its parent has generated, at the beginning of a fork.
  mutating func inherit(_ tokens: [Token]) { self.tokens = tokens }

  /// What the run was told so far, where it is recorded.
  package var history: RunHistory? {
    request.map { RunHistory(request: $0, changes: entries.flatMap(\.records)) }
  }

  // MARK: Asking

  /// Notes a change before the engine is asked for it; its number.
  mutating func ask(_ change: RunChange) -> UInt64 {
    lastTag += 1
    open[lastTag] = change
    return lastTag
  }

  /// Forgets a change that the engine has refused.
  mutating func withdraw(_ tag: UInt64) { open[tag] = nil }

  // MARK: The engine's word

  /// Takes in what the engine says, on its loop.
  mutating func receive(_ event: GenerationEvent) {
    switch event {
    case .token(let step, let token, _, _, _):
      firstStep = min(firstStep ?? step, step)
      tokens.removeLast(max(0, tokens.count - promptCount - step))
      tokens.append(token)
    case .rewound(let step):
      tokens.removeLast(max(0, tokens.count - promptCount - step - 1))
      keep(Entry(change: .rewind(to: step), firstStep: step + 1, replacedFrom: nil))
    case .changed(let applied):
      guard let entry = entry(of: applied) else { return }
      apply(entry)
      keep(entry)
    default: break
    }
  }

  /// A change that is published now; nil for one that nobody asked for here.
  mutating func publish(_ applied: AppliedChange) -> Entry? {
    defer { open[applied.tag] = nil }
    return entry(of: applied)
  }

  private func entry(of applied: AppliedChange) -> Entry? {
    open[applied.tag].map {
      Entry(change: $0, firstStep: applied.firstStep, replacedFrom: applied.replacedFrom)
    }
  }

  private mutating func keep(_ entry: Entry) {
    if request != nil { entries.append(entry) }
  }

  private mutating func apply(_ entry: Entry) {
    switch entry.change {
    case .hooks(let added, let removed, _):
      let replaced = ReplacedHooks(adding: added.map(\.spec), removing: removed)
      hooks.removeAll { replaced.contains($0.spec) }
      hooks += added
    case .intervene(let intervention, _): interventions.set(intervention, from: entry.firstStep)
    case .removeIntervention(let id): interventions.remove(id)
    case .watches(let added, let removed, _): watches.change(adding: added, removing: removed)
    case .rewind: break
    }
  }
}
