/// A layer's heads as weights alone, `[heads * d_head, d_model]` each: what their circuits are made of (Elhage and others
/// 2021).
package struct HeadFactors: Sendable {
  /// What each element of a query, a key or a value reads of the stream; heads of keys and values may be fewer.
  package let queries: [Float]
  package let keys: [Float]
  package let values: [Float]
  /// What each element of a head's mixed values writes to the stream.
  package let outputs: [Float]

  package init(queries: [Float], keys: [Float], values: [Float], outputs: [Float]) {
    self.queries = queries
    self.keys = keys
    self.values = values
    self.outputs = outputs
  }
}
