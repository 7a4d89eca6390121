/// The shape of a captured tensor behind its batch axis: what a pass decides is left open.
///
/// The one walk over axes and selections: taps size their memory by it, estimates weigh it, listings print it.
package struct CaptureShape: Sendable, Equatable {
  /// The size of one axis.
  package enum Size: Sendable, Equatable, CustomStringConvertible {
    case fixed(Int)
    /// As many as positions are kept of a pass.
    case positions
    /// As many as the pass has positions up to its end.
    case keys

    /// The number, or the letter that listings have for one that a pass decides.
    package var description: String {
      switch self {
      case .fixed(let size): String(size)
      case .positions: "S"
      case .keys: "K"
      }
    }
  }

  /// As it is captured, before a reduction.
  package let sizes: [Size]
  private let reduction: Selection.Reduction

  init(_ sizes: [Size], reduction: Selection.Reduction = .none) {
    self.sizes = sizes
    self.reduction = reduction
  }

  /// As it is sent: a reduction has taken the place of the last axis.
  ///
  /// Where that is as long as the pass has keys, a reduction that keeps the k largest may keep fewer in a short pass.
  package var sent: [Size] {
    guard let last = sizes.last, reduction != .none else { return sizes }
    let width =
      switch last {
      case .fixed(let width): width
      case .positions, .keys: Int.max
      }
    return sizes.dropLast() + reduction.lastDimensions(width).map { Size.fixed($0) }
  }

  /// The sizes of a pass, before a reduction.
  package func dimensions(positions: Int, keys: Int) -> [Int] {
    sizes.map { $0.value(positions: positions, keys: keys) }
  }

  /// Numbers that are sent of one kept position, in a pass with so many keys.
  package func sentNumbers(keys: Int) -> Double {
    var dimensions = dimensions(positions: 1, keys: keys)
    if let last = dimensions.popLast() { dimensions += reduction.lastDimensions(last) }
    return dimensions.reduce(1) { $0 * Double($1) }
  }

  /// Numbers that are captured of one kept position, before a reduction.
  package func rowNumbers(keys: Int) -> Double {
    dimensions(positions: 1, keys: keys).reduce(1) { $0 * Double($1) }
  }

  /// Whether it grows with the keys of a pass.
  package var isOverKeys: Bool { sizes.contains(.keys) }
}

extension CaptureShape.Size {
  fileprivate func value(positions: Int, keys: Int) -> Int {
    switch self {
    case .fixed(let size): size
    case .positions: positions
    case .keys: keys
    }
  }

  /// The size if no pass decides it.
  package var fixed: Int? { if case .fixed(let size) = self { size } else { nil } }
}

extension HookCatalogue {
  /// The shape of a site's whole tensor.
  package func shape(of site: HookSite) -> CaptureShape {
    CaptureShape(site.axes.map(size))
  }

  private func size(_ axis: HookAxis) -> CaptureShape.Size {
    switch axis {
    case .position, .queryPosition: .positions
    case .keyPosition: .keys
    case .model: .fixed(hiddenSize)
    case .head: .fixed(heads)
    case .keyValueHead: .fixed(keyValueHeads)
    case .headDimension: .fixed(headDimension)
    case .neuron: .fixed(neurons)
    case .expert: .fixed(experts)
    case .chosen, .choice: .fixed(expertsPerToken)
    case .shared: .fixed(1)
    case .vocabulary: .fixed(vocabularySize)
    }
  }
}

extension CaptureSpec {
  /// The shape of its tensors: the site's, of which the selection keeps a part.
  package func shape(in catalogue: HookCatalogue) -> CaptureShape {
    let sizes = zip(point.site.axes, catalogue.shape(of: point.site).sizes).map { axis, size in
      selection.indices(of: axis).map { CaptureShape.Size.fixed($0.count) } ?? size
    }
    return CaptureShape(sizes, reduction: selection.reduction)
  }
}

extension Selection {
  /// What is kept of an axis besides positions, in this order; nil keeps all.
  package func indices(of axis: HookAxis) -> [Int]? {
    switch axis {
    case .position, .queryPosition, .choice: nil
    case .head, .keyValueHead: heads
    case .expert: experts ?? neurons
    case .model, .headDimension, .neuron, .vocabulary, .chosen, .shared, .keyPosition: neurons
    }
  }
}
