/// How much heads read of what earlier heads write, by their weights.
struct HeadComposition: Sendable {
  private let plan: WeightPlan
  /// Dimensions of the stream that circuits reach: one less where norms take the mean off on both sides.
  private let dimensions: Double
  private(set) var edges: [WeightCircuits.Composition: [WeightCircuits.Edge]] = [:]

  init(_ plan: WeightPlan, takesMeanOff: Bool) {
    self.plan = plan
    dimensions = Double(max(plan.width - (takesMeanOff && plan.options.isFolded ? 1 : 0), 1))
  }

  /// The root mean square of scores where one side is turned at random: exact, whatever the singular values.
  var baseline: Double { (1 / dimensions).squareRoot() }

  /// Adds the edges of each earlier layer's heads into a layer's.
  mutating func add(into targets: [HeadMaps], from earlier: ArraySlice<[HeadMaps]>) {
    let count = plan.heads * plan.rank
    var products = [Float](repeating: 0, count: count * count)
    for kind in WeightCircuits.Composition.allCases {
      let reading = targets.scaledRows(plan) { head in
        switch kind {
        case .query: (head.qk.left, head.qk.sizes)
        case .key: (head.qk.right, head.qk.sizes)
        case .value: (head.ov.right, head.ov.sizes)
        }
      }
      for sources in earlier {
        let written = sources.scaledRows(plan) { ($0.ov.left, $0.ov.sizes) }
        OpenBLAS.product(
          reading, rows: count, written, columns: count, inner: plan.width, into: &products)
        note(products, kind, targets, sources)
      }
      keepStrongest(kind, slack: plan.edges + 4096)
    }
  }

  private mutating func note(
    _ products: [Float], _ kind: WeightCircuits.Composition, _ targets: [HeadMaps],
    _ sources: [HeadMaps]
  ) {
    let (rank, stride) = (plan.rank, plan.heads * plan.rank)
    products.withUnsafeBufferPointer { products in
      for (row, target) in targets.enumerated() {
        for (column, source) in sources.enumerated() {
          var square = 0.0
          for first in row * rank..<(row + 1) * rank {
            var part: Float = 0
            for second in column * rank..<(column + 1) * rank {
              let value = products[first * stride + second]
              part += value * value
            }
            square += Double(part)
          }
          add(kind, source, target, square: square)
        }
      }
    }
  }

  private mutating func add(
    _ kind: WeightCircuits.Composition, _ source: HeadMaps, _ target: HeadMaps, square: Double
  ) {
    let reading = kind == .value ? target.ov : target.qk
    let norms = reading.norm * source.ov.norm
    guard norms > 0, norms.isFinite else { return }
    let share = square / (norms * norms)
    // The variance of tr(X Q Y Qᵀ) over all orthogonal Q, X and Y of trace 1.
    let n = dimensions
    let variance =
      2 * max(reading.concentration - 1 / n, 0) * max(source.ov.concentration - 1 / n, 0)
      / max((n - 1) * (n + 2), 1)
    let deviations = variance > 0 ? (share - 1 / n) / variance.squareRoot() : 0
    edges[kind, default: []].append(
      WeightCircuits.Edge(
        source: source.place, target: target.place, score: Float(share.squareRoot()),
        deviations: Float(deviations)))
  }

  /// Drops all but the strongest, once there are many more.
  mutating func keepStrongest(_ kind: WeightCircuits.Composition, slack: Int = 0) {
    guard var found = edges[kind], found.count > slack else { return }
    found.sort { one, other in
      guard one.score == other.score else { return one.score > other.score }
      return (one.target.layer, one.target.head, one.source.layer, one.source.head)
        < (other.target.layer, other.target.head, other.source.layer, other.source.head)
    }
    edges[kind] = Array(found.prefix(plan.edges))
  }

  /// Tells of some edges of keys how well they match prefixes.
  mutating func match(_ places: Range<Int>, _ score: (WeightCircuits.Edge) -> Float?) {
    guard var found = edges[.key] else { return }
    for place in places.clamped(to: found.indices) {
      found[place].prefixMatching = score(found[place])
    }
    edges[.key] = found
  }
}
