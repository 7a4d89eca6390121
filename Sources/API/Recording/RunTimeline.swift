internal import Engine
internal import Hooks
internal import Runs

/// Which hooks and interventions each pass of a run was computed with.
///
/// A rewound pass is computed again with what applies then, so a change of the past is a change from there on.
struct RunTimeline {
  private struct Span {
    /// The first pass; the last one is before the next span's first.
    var first: Int
    /// Numbers of hooks, as in ``hooks``.
    var hooks: [Int]
    var interventions: [Intervention]
  }

  private var spans: [Span]
  private var numbers: HookNumbers

  /// - Parameter order: the run as it began.
  init(_ order: RunOrder) {
    numbers = HookNumbers(order.hooks, format: order.frames)
    spans = [
      Span(first: 0, hooks: Array(numbers.orders.indices), interventions: order.interventions)
    ]
  }

  /// Every hook there ever was, under the number that its frames carry.
  var hooks: [HookOrder] { numbers.orders }

  // MARK: Changes

  /// Captures other tensors from a pass on: some hooks removed by id (nil: all), others added.
  mutating func change(from step: Int, adding added: [HookOrder], removing ids: Set<String>?) {
    let replaced = ReplacedHooks(adding: added.map(\.spec), removing: ids)
    change(from: step) { span, numbers in
      span.hooks.removeAll { replaced.contains(numbers.orders[$0].spec) }
      span.hooks += added.map { numbers.add($0) }
    }
  }

  /// Adds an intervention, or replaces the one of equal id.
  mutating func add(_ intervention: Intervention, from step: Int) {
    change(from: step) { span, _ in span.interventions.set(intervention, from: step) }
  }

  mutating func remove(_ id: String, from step: Int) {
    change(from: step) { span, _ in span.interventions.remove(id) }
  }

  /// Forgets the passes behind one; those that follow are computed with what applies now.
  mutating func rewind(to last: Int) { change(from: last + 1) { _, _ in } }

  private mutating func change(
    from step: Int, _ body: (inout Span, inout HookNumbers) -> Void
  ) {
    guard var span = spans.last else { return }
    body(&span, &numbers)
    span.first = step
    spans.removeAll { $0.first >= step }
    spans.append(span)
  }

  // MARK: What applies

  private func span(at step: Int) -> Span? { spans.last { $0.first <= step } }

  /// Numbers of the hooks that a pass captures.
  func hooks(at step: Int) -> Set<Int> { Set(span(at: step)?.hooks ?? []) }

  /// What applies after the last change.
  var current: (hooks: [HookOrder], interventions: [Intervention]) {
    guard let last = spans.last else { return ([], []) }
    return (last.hooks.sorted().map { hooks[$0] }, last.interventions)
  }

  /// All interventions bounded to the passes they apply to, so that one run given them from the start is the same.
  var interventions: [Intervention] {
    spans.enumerated().flatMap { place, span in
      let end = place + 1 < spans.count ? spans[place + 1].first - 1 : nil
      return span.interventions.compactMap {
        $0.bounded(to: span.first, end, id: "\($0.id)#\(place)")
      }
    }
  }
}

extension Intervention {
  /// The same change under another id and in some passes only; nil where none is left.
  fileprivate func bounded(to first: Int, _ last: Int?, id: String) -> Intervention? {
    let from = max(first, fromStep)
    let to = [toStep, last].compactMap(\.self).min()
    if let to, to < from { return nil }
    return Intervention(
      id: id, point: point, change: change, positions: positions, heads: heads, neurons: neurons,
      fromStep: from, toStep: to)
  }
}
