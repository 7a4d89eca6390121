/// One named tensor of a checkpoint: what its file says about it, and its bytes where they lie.
package struct TensorEntry: Sendable {
  package let name: String
  /// Outermost dimension first (GGUF's order is turned round); empty for a scalar.
  package let shape: [Int]
  package let type: StoredType
  /// The mapped file that holds the bytes.
  package let mapping: Mapping
  /// Where the bytes lie in the file; checked when the entry was made.
  package let range: Range<Int>

  /// Nil unless the range lies inside the file and holds exactly the shape's numbers.
  init?(name: String, shape: [Int], type: StoredType, mapping: Mapping, range: Range<Int>) {
    guard range.lowerBound >= 0, range.upperBound <= mapping.count,
      type.byteCount(shape: shape) == range.count
    else { return nil }
    self.name = name
    self.shape = shape
    self.type = type
    self.mapping = mapping
    self.range = range
  }

  /// Lends the bytes for the call.
  package func withBytes<Result, Failure>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try body(bytes)
  }

  /// The bytes, for those who hold the entry while they read; see ``Mapping/bytes``.
  var bytes: UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(rebasing: mapping.bytes[range])
  }

  /// Numbers in the tensor: at most a few a byte of a file, so it can't overflow.
  package var elementCount: Int { range.count / type.bytesPerBlock * type.itemsPerBlock }
}
