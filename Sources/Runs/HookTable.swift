internal import Hooks

/// Every hook that a run ever had, by its index in frames; those taken off are not active.
package struct HookTable: Sendable {
  /// By index.
  package private(set) var all: [RunHook] = []
  private let format: FrameFormat
  private var numbers: HookNumbers
  /// The first pass with the last change.
  private var changedFrom = 0
  /// The hooks of the specs of the last batch, which the next one nearly always shares, and its pass.
  private var placed: (specs: [CaptureSpec], hooks: [Int?], step: Int) = ([], [], -1)

  /// - Parameter format: how tensors travel where a hook says nothing of it.
  init(_ orders: [HookOrder], format: FrameFormat) {
    self.format = format
    numbers = HookNumbers(format: format)
    for order in orders { add(order, from: 0) }
  }

  package subscript(_ index: Int) -> RunHook { all[index] }

  /// Those in force, and those taken off of which a pass still brings tensors.
  ///
  /// Never all that there were: a run may be changed without end.
  ///
  /// - Parameter passes: how many passes have been told to their end.
  func told(after passes: Int) -> [RunHook] { all.filter { $0.isTold(after: passes) } }

  /// How many there would be with others added: an index is never given away again, so hooks that were taken off
  /// count, and one that was there before needs none.
  func count(adding orders: [HookOrder]) -> Int {
    all.count + orders.count { numbers.number(of: $0) == nil }
  }

  /// Numbers of directions that there would be with others added: those of hooks that were taken off count, as they
  /// are kept.
  func directionNumbers(adding orders: [HookOrder]) -> Int {
    let added = orders.filter { numbers.number(of: $0) == nil }.map(\.spec)
    return (all.map(\.spec) + added).reduce(0) { $0 + $1.selection.reduction.directionNumbers }
  }

  /// Adds and removes hooks; one that was there before, travelling the same way, keeps its index.
  ///
  /// - Parameters:
  ///   - ids: who goes, apart from those that are replaced; nil for all.
  ///   - step: the first pass of the change.
  mutating func change(adding orders: [HookOrder], removing ids: Set<String>?, from step: Int) {
    let replaced = ReplacedHooks(adding: orders.map(\.spec), removing: ids)
    for index in all.indices where replaced.contains(all[index].spec) {
      all[index].remove(from: step)
    }
    for order in orders { add(order, from: step) }
    changedFrom = step
    placed = ([], [], -1)
  }

  /// Forgets passes that were taken back.
  mutating func rewind(to passes: Int) {
    for index in all.indices { all[index].rewind(to: passes) }
    placed = ([], [], -1)
  }

  /// The index of each spec's hook in a pass, nil for what no hook asked for.
  mutating func places(of specs: [CaptureSpec], step: Int) -> [Int?] {
    let hasChanged = step != placed.step && min(step, placed.step) < changedFrom
    if hasChanged || placed.specs != specs {
      // A second execution captures a spec once for each way in which its tensors travelled.
      var seen: [CaptureSpec: Int] = [:]
      let hooks = specs.map { spec in
        seen[spec, default: -1] += 1
        return index(of: spec, seen[spec] ?? 0, step: step)
      }
      placed = (specs, hooks, step)
    }
    return placed.hooks
  }

  private mutating func add(_ order: HookOrder, from step: Int) {
    let index = numbers.add(order)
    guard index == all.count else { return all[index].add(from: step) }
    all.append(RunHook(index: index, order: order, format: format, from: step))
  }

  /// The hook that a capture of a pass is of.
  ///
  /// - Parameter count: how many captures of the same spec come before it.
  private func index(of spec: CaptureSpec, _ count: Int, step: Int) -> Int? {
    let hooks = numbers.all(of: spec)
    let captured = hooks.filter { all[$0].isCaptured(in: step) }
    return captured.isEmpty ? hooks.last : captured[min(count, captured.count - 1)]
  }
}
