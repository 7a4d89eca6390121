public import JSON

extension JSONWriter {
  /// Writes numbers, row-major, as arrays nested like the shape; not finite becomes `null`.
  ///
  /// A shape that does not fit the count is written as one flat array, so that no number is lost.
  public mutating func nested(_ values: Span<Float>, shape: [Int]) {
    guard FrameShape.count(shape) == values.count, !shape.isEmpty else {
      row(values, 0..<values.count)
      return
    }
    nest(values, shape[...], offset: 0)
  }

  private mutating func nest(_ values: Span<Float>, _ shape: ArraySlice<Int>, offset: Int) {
    let size = shape.dropFirst().reduce(1, *)
    guard shape.count > 1, let count = shape.first else {
      row(values, offset..<offset + (shape.first ?? 1))
      return
    }
    array { writer in
      for index in 0..<count {
        writer.nest(values, shape.dropFirst(), offset: offset + index * size)
      }
    }
  }

  private mutating func row(_ values: Span<Float>, _ range: Range<Int>) {
    array { writer in
      for index in range { writer.number(values[index]) }
    }
  }
}
