internal import Hooks

/// What is shown of the captures of one pass: numbers about tensors, not the tensors.
struct RunMeasurement {
  /// A named tensor in short.
  struct Tensor: Encodable {
    let name: String
    let point: String
    /// With the batch axis.
    let shape: [Int]
    let norm: Float
    let min: Float
    let max: Float
    let mean: Float
  }

  let step: Int
  /// Euclidean norm of the residual stream behind each layer, at the pass's last position.
  let residualNorms: [Float]
  let tensors: [Tensor]

  init(_ batch: CaptureBatch, _ hooks: RunHooks) {
    step = batch.step
    var norms = [Float](repeating: 0, count: hooks.layers)
    var tensors: [Tensor] = []
    for item in batch.items {
      if item.spec < hooks.layers {
        batch.withValues(of: item) { Selection.Reduction.norm.reduce($0, into: &norms[item.spec]) }
      } else {
        let named = hooks.named[item.spec - hooks.layers]
        batch.withValues(of: item) { tensors.append(Tensor(named, item.dimensions, $0)) }
      }
    }
    residualNorms = norms
    self.tensors = tensors
  }
}

extension RunMeasurement.Tensor {
  init(_ named: RunHooks.Named, _ dimensions: [Int], _ values: UnsafeBufferPointer<Float>) {
    var square = 0.0
    var sum = 0.0
    // Masked scores are minus infinity; they would say nothing of the others.
    var count = 0
    var low = Float.infinity
    var high = -Float.infinity
    for value in values where value.isFinite {
      square += Double(value) * Double(value)
      sum += Double(value)
      low = Swift.min(low, value)
      high = Swift.max(high, value)
      count += 1
    }
    self.init(
      name: named.name, point: named.point.name, shape: [1] + dimensions,
      norm: Float(square.squareRoot()), min: count > 0 ? low : 0, max: count > 0 ? high : 0,
      mean: count > 0 ? Float(sum / Double(count)) : 0)
  }
}
