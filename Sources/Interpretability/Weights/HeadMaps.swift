internal import Tensors

/// A head's two circuits as singular vectors: `OV = Σ s left right` writes left where it reads right, `QK = Σ s left
/// right` has left for queries and right for keys.
struct HeadMaps: Sendable {
  let place: WeightCircuits.Place
  let ov: Map
  let qk: Map

  /// A low-rank map kept in float32.
  struct Map: Sendable {
    let sizes: [Double]
    /// `[sizes, d_model]`, unit rows.
    let left: [Float]
    let right: [Float]
    let norm: Double
    /// See ``LowRankMap/concentration``.
    let concentration: Double

    /// - Parameter map: nil for weights that are not finite.
    init(_ map: LowRankMap?) {
      sizes = map?.sizes ?? []
      left = map?.left.values.map { Float($0) } ?? []
      right = map?.right.values.map { Float($0) } ?? []
      norm = map?.norm ?? .nan
      concentration = map?.concentration ?? 0
    }

    func leftRows(width: Int) -> Matrix { Matrix(rows: sizes.count, columns: width, left) }
    func rightRows(width: Int) -> Matrix { Matrix(rows: sizes.count, columns: width, right) }
  }

  /// All heads of a layer.
  static func all(
    of factors: HeadFactors, layer: Int, _ plan: WeightPlan
  ) -> [HeadMaps] {
    let (size, width) = (plan.size, plan.width)
    let group = plan.heads / max(plan.keyValueHeads, 1)
    func rows(_ numbers: [Float], _ head: Int) -> Matrix {
      Matrix(
        rows: size, columns: width,
        numbers[head * size * width..<(head + 1) * size * width])
    }
    return (0..<plan.heads).map { head in
      HeadMaps(
        place: WeightCircuits.Place(layer: layer, head: head),
        ov: Map(
          LowRankMap(
            left: rows(factors.outputs, head), right: rows(factors.values, head / group))),
        qk: Map(
          LowRankMap(
            left: rows(factors.queries, head), right: rows(factors.keys, head / group))))
    }
  }
}

extension Sequence<HeadMaps> {
  /// Rows of all heads, `[heads * rank, d_model]`, each times its singular value.
  ///
  /// They are as good as the circuit itself for norms of products with it. Heads whose weights are not finite have zeros.
  func scaledRows(
    _ plan: WeightPlan, _ side: (HeadMaps) -> (rows: [Float], sizes: [Double])
  ) -> [Float] {
    var result: [Float] = []
    for head in self {
      let (rows, sizes) = side(head)
      guard !sizes.isEmpty else {
        result += [Float](repeating: 0, count: plan.rank * plan.width)
        continue
      }
      for (place, size) in sizes.enumerated() {
        let factor = Float(size)
        for value in rows[place * plan.width..<(place + 1) * plan.width] {
          result.append(value * factor)
        }
      }
    }
    return result
  }
}
