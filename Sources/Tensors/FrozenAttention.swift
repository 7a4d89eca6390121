/// What a pass held of one layer's attention at the positions `0..<positions`, as its frozen model needs it.
package struct FrozenAttention {
  /// `[heads, positions, positions]`: a query's row of keys.
  package let pattern: UnsafeBufferPointer<Float>
  /// `[positions, d_model]`: what entered the layer, and the attention's output before a norm behind it.
  package let stream: UnsafeBufferPointer<Float>
  package let output: UnsafeBufferPointer<Float>

  package init(
    pattern: UnsafeBufferPointer<Float>, stream: UnsafeBufferPointer<Float>,
    output: UnsafeBufferPointer<Float>
  ) {
    self.pattern = pattern
    self.stream = stream
    self.output = output
  }
}

/// What a layer's heads read in given directions of what they write.
package struct HeadReadings {
  /// `[positions * heads, d_model]`: the direction of the stream before the layer that a head at a query position
  /// reads, but for the pattern's share and the norm's denominator at the position it reads from.
  package let directions: FloatRows
  /// `[positions * heads]`: what biases inside of the value path give it.
  package let biases: UnsafeMutableBufferPointer<Float>
  /// `[positions]`: what the norm before attention divides by at the position that is read.
  package let denominators: UnsafeMutableBufferPointer<Float>

  package init(
    directions: FloatRows, biases: UnsafeMutableBufferPointer<Float>,
    denominators: UnsafeMutableBufferPointer<Float>
  ) {
    self.directions = directions
    self.biases = biases
    self.denominators = denominators
  }
}
