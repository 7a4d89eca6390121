/// A change to the forward pass of one run, at one point.
package struct Intervention: Sendable, Equatable {
  /// What is done to the selected numbers.
  package enum Change: Sendable, Equatable {
    case zero
    /// Replace each row by `vector` (a mean computed elsewhere), as wide as the point.
    case mean(vector: [Float])
    case scale(Float)
    /// Add `strength * vector`.
    case add(vector: [Float], strength: Float)
    case clamp(low: Float, high: Float)
    /// Add Gaussian noise; equal seed, position and layer give equal noise.
    case noise(standardDeviation: Float, seed: UInt64)
    /// Replace rows by another run's: `rows[p - firstPosition]` at position p, `width` numbers each.
    case patch(rows: [Float], width: Int, firstPosition: Int)
    /// Route to exactly these experts (weights: soft maximum over their own logits).
    case forceExperts([Int])
    /// Never route to these experts.
    case banExperts([Int])
  }

  package let id: String
  package let point: HookPoint
  package let change: Change
  package let positions: Selection.Positions
  /// Heads changed, at points that have heads; nil changes all.
  package let heads: [Int]?
  /// Elements of the last axis changed; nil changes all.
  package let neurons: [Int]?
  /// The first pass it applies to (0 is the prompt's), and the last; nil means without end.
  package let fromStep: Int
  package let toStep: Int?

  package init(
    id: String, point: HookPoint, change: Change, positions: Selection.Positions = .all,
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
    Intervention(
      id: id, point: point, change: change, positions: positions, heads: heads, neurons: neurons,
      fromStep: max(step, fromStep), toStep: toStep)
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
