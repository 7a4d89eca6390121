internal import Checkpoints
internal import Tensors

/// A float32 vector of the model's own: a norm's weight, a bias, the sinks.
///
/// Immutable once made.
final class Vector: Sendable {
  private let slab: FloatSlab
  let count: Int

  init(_ values: [Float]) {
    slab = FloatSlab(count: values.count)
    count = values.count
    for (index, value) in values.enumerated() { slab.base[index] = value }
  }

  /// Some of the numbers, copied.
  func part(_ range: Range<Int>) -> Vector {
    Vector(Array(UnsafeBufferPointer(start: slab.base + range.lowerBound, count: range.count)))
  }

  /// Valid while the vector lives.
  var pointer: UnsafePointer<Float> { UnsafePointer(slab.base) }
}

/// `y = x Wᵀ (+ b)`: a weight matrix `[out, in]` and, in some families, a bias `[out]`.
struct Linear: Sendable {
  let weight: WeightMatrix
  let bias: Vector?
  /// What an adapter adds to the products.
  var update: LowRankUpdate?

  /// Computes `y` at once, outside of a pass.
  func apply(_ x: FloatRows, into y: FloatRows, _ arithmetic: Arithmetic) {
    let updates = LowRankUpdates()
    updates.plan(self, x, into: y, policy: .single, arithmetic)
    updates.run(arithmetic)
  }

  /// The matrix's row of one output, float32.
  func row(_ index: Int32, into row: FloatRows, _ arithmetic: Arithmetic) {
    withUnsafePointer(to: index) { arithmetic.embed(weight, tokens: $0, into: row) }
    update?.addRow(of: index, to: row, arithmetic)
  }

  /// The product with some of the columns alone, without the bias.
  ///
  /// - Returns: nil where the range does not begin and end between two blocks of a coding.
  func columns(_ range: Range<Int>) -> Linear? {
    guard let part = weight.columns(range) else { return nil }
    guard let update else { return Linear(weight: part, bias: nil) }
    return update.columns(range).map { Linear(weight: part, bias: nil, update: $0) }
  }

  /// The same without its bias.
  var unbiased: Linear { Linear(weight: weight, bias: nil, update: update) }
}

/// A norm before or after a part of a block.
struct Norm: Sendable {
  /// Root mean square (Zhang and Sennrich 2019), or LayerNorm with a bias (Ba and others, 2016).
  enum Kind: Sendable { case rootMeanSquare, layer(bias: Vector?) }

  let kind: Kind
  /// `[width]`; nil for ones.
  let weight: Vector?
  let epsilon: Float

  func apply(_ x: FloatRows, into out: FloatRows, _ arithmetic: Arithmetic) {
    switch kind {
    case .rootMeanSquare:
      arithmetic.rmsNorm(x, weight: weight?.pointer, epsilon: epsilon, into: out)
    case .layer(let bias):
      arithmetic.layerNorm(
        x, weight: weight?.pointer, bias: bias?.pointer, epsilon: epsilon, into: out)
    }
  }

  /// Carries a direction of the output back to the input, the norm's scale frozen at the one of `row`.
  ///
  /// For a fixed scale a norm is linear, but for its bias: `x · pullBack(d)` is what x adds to `norm(row) · d`.
  func pullBack(
    _ direction: UnsafeMutableBufferPointer<Float>, at row: UnsafeBufferPointer<Float>
  ) {
    let count = Double(max(row.count, 1))
    var center = 0.0
    if case .layer = kind { center = row.reduce(0.0) { $0 + Double($1) } / count }
    let square = row.reduce(0.0) { $0 + (Double($1) - center) * (Double($1) - center) } / count
    let scale = (square + Double(epsilon)).squareRoot()
    for column in direction.indices {
      let weight = self.weight.map { Double($0.pointer[column]) } ?? 1
      direction[column] = Float(Double(direction[column]) * weight / scale)
    }
    // Taking the mean off the input is taking it off the direction.
    guard case .layer = kind else { return }
    let mean = Float(direction.reduce(0.0) { $0 + Double($1) } / count)
    for column in direction.indices { direction[column] -= mean }
  }

  /// What it divides a row by.
  func denominator(of row: UnsafeBufferPointer<Float>) -> Double {
    let count = Double(max(row.count, 1))
    var centre = 0.0
    if case .layer = kind { centre = row.reduce(0.0) { $0 + Double($1) } / count }
    let square = row.reduce(0.0) { $0 + (Double($1) - centre) * (Double($1) - centre) } / count
    return (square + Double(epsilon)).squareRoot()
  }

  /// What it does to a part of its input but for its denominator and its bias: takes the mean off and weighs, in place.
  func pushForward(_ part: UnsafeMutableBufferPointer<Float>) {
    var mean: Float = 0
    if case .layer = kind {
      mean = Float(part.reduce(0.0) { $0 + Double($1) } / Double(max(part.count, 1)))
    }
    for column in part.indices {
      part[column] = (part[column] - mean) * (weight?.pointer[column] ?? 1)
    }
  }

  /// The norm before its weight and bias: TransformerLens's `hook_normalized`.
  var plain: Norm {
    switch kind {
    case .rootMeanSquare: Norm(kind: .rootMeanSquare, weight: nil, epsilon: epsilon)
    case .layer: Norm(kind: .layer(bias: nil), weight: nil, epsilon: epsilon)
    }
  }
}
