/// What a pass held of one layer's attention at the positions `0..<positions`, as its gradient needs it.
package struct HeldAttention: Sendable {
  /// `[heads, positions, positions]`: a query's row of keys.
  package let pattern: [Float]
  /// `[positions, d_model]`: what entered the layer, and the attention's output before a norm behind it.
  package let stream: [Float]
  package let output: [Float]
  /// `[positions, heads * d_head]` before norms and rotation, and as scores take them.
  package let queries: [Float]
  package let turnedQueries: [Float]
  /// The same of key/value heads.
  package let keys: [Float]
  package let turnedKeys: [Float]
  package let values: [Float]

  package init(
    pattern: [Float], stream: [Float], output: [Float], queries: [Float], turnedQueries: [Float],
    keys: [Float], turnedKeys: [Float], values: [Float]
  ) {
    self.pattern = pattern
    self.stream = stream
    self.output = output
    self.queries = queries
    self.turnedQueries = turnedQueries
    self.keys = keys
    self.turnedKeys = turnedKeys
    self.values = values
  }
}
