/// Which part of a tensor a capture keeps, chosen before anything is copied or sent.
package struct Selection: Sendable, Hashable {
  /// Which positions (absolute, counted from the first token of the run).
  package enum Positions: Sendable, Hashable {
    case all
    /// The last position of each pass: of the prompt, then every generated one.
    case last
    case list([Int])
    case range(Range<Int>)
    /// Positions divisible by the number.
    case everyNth(Int)

    /// Whether a position is kept; `isLast` says that it is its pass's last.
    package func contains(_ position: Int, isLast: Bool) -> Bool {
      switch self {
      case .all: true
      case .last: isLast
      case .list(let list): list.contains(position)
      case .range(let range): range.contains(position)
      case .everyNth(let n): position % max(n, 1) == 0
      }
    }
  }

  /// What is computed from the kept numbers before they are sent.
  package enum Reduction: Sendable, Hashable {
    case none
    /// Euclidean norm over the last axis.
    case norm
    /// Mean of absolute values over the last axis.
    case meanAbs
    /// Minimum, maximum, mean, standard deviation over the last axis.
    case stats
    /// Counts in 32 equal bins between the row's minimum and maximum, which precede them.
    case histogram
    /// The k largest by absolute value over the last axis: values, then their indices.
    case topK(Int)
    /// The dot products of the last axis with given directions, in their order.
    case project(Directions)
  }

  package var positions: Positions
  /// Heads kept, in this order; nil keeps all.
  package var heads: [Int]?
  /// Elements of the last axis kept, in this order; nil keeps all.
  package var neurons: [Int]?
  /// Experts kept, for router logits; nil keeps all.
  package var experts: [Int]?
  package var reduction: Reduction
  /// Keeps every n-th pass, the prompt's first.
  package var every: Int

  package init(
    positions: Positions = .all, heads: [Int]? = nil, neurons: [Int]? = nil,
    experts: [Int]? = nil, reduction: Reduction = .none, every: Int = 1
  ) {
    self.positions = positions
    self.heads = heads
    self.neurons = neurons
    self.experts = experts
    self.reduction = reduction
    self.every = every
  }
}

/// One tensor that a run wants to see.
package struct CaptureSpec: Sendable, Hashable {
  /// The client's name for it, unique in a run (twice where input and output are both wanted).
  package let hookID: String
  /// The layer's name as the client wrote it; echoed, never parsed again.
  package let layerName: String
  package let component: HookComponent
  package let isInput: Bool
  package let point: HookPoint
  package let selection: Selection

  /// Whether an analysis reads it, so that it is nobody's tensor: only analyses give no id.
  package var isForAnalysis: Bool { hookID.isEmpty }

  package init(
    hookID: String, layerName: String, component: HookComponent, isInput: Bool, point: HookPoint,
    selection: Selection
  ) {
    self.hookID = hookID
    self.layerName = layerName
    self.component = component
    self.isInput = isInput
    self.point = point
    self.selection = selection
  }
}
