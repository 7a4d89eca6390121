/// A change to the forward pass of one run, at one point.
package struct Intervention: Sendable {
  package let id: String
  package let point: HookPoint
  /// What is done to the selected numbers.
  package let change: any Change
  package let positions: Selection.Positions
  /// Heads changed, at points that have heads; nil changes all.
  package let heads: [Int]?
  /// Elements of the last axis changed; nil changes all.
  package let neurons: [Int]?
  /// The first pass it applies to (0 is the prompt's), and the last; nil means without end.
  package private(set) var fromStep: Int
  package let toStep: Int?

  package init(
    id: String, point: HookPoint, change: some Change, positions: Selection.Positions = .all,
    heads: [Int]? = nil, neurons: [Int]? = nil, fromStep: Int = 0, toStep: Int? = nil
  ) {
    self.id = id
    self.point = point
    self.change = change
    self.positions = positions
    self.heads = heads
    self.neurons = neurons
    self.fromStep = fromStep
    self.toStep = toStep
  }

  /// The same change, not before a pass.
  package func starting(at step: Int) -> Intervention {
    var copy = self
    copy.fromStep = max(step, fromStep)
    return copy
  }

  /// Whether it applies to a pass and at least one of its positions.
  package func applies(toStep step: Int, positions pass: Range<Int>) -> Bool {
    applies(toStep: step)
      && pass.contains { positions.contains($0, isLast: $0 == pass.upperBound - 1) }
  }

  /// Whether it applies to a pass.
  package func applies(toStep step: Int) -> Bool {
    step >= fromStep && (toStep.map { step <= $0 } ?? true)
  }
}

extension Intervention: Equatable {
  package static func == (one: Intervention, other: Intervention) -> Bool {
    one.id == other.id && one.point == other.point && one.change.isEqual(to: other.change)
      && one.positions == other.positions && one.heads == other.heads
      && one.neurons == other.neurons && one.fromStep == other.fromStep
      && one.toStep == other.toStep
  }
}

extension [Intervention] {
  /// Puts one in force from a pass on, in the place of the one of equal id.
  package mutating func set(_ intervention: Intervention, from step: Int) {
    remove(intervention.id)
    append(intervention.starting(at: step))
  }

  package mutating func remove(_ id: String) { removeAll { $0.id == id } }
}
