/// Vectors on which captured rows are projected: probes, differences of means, rows of an unembedding.
///
/// All are as wide as the rows. They are not normalised: a dot product is a coordinate where its direction has length one.
package struct Directions: Sendable, Hashable {
  /// Directions of one hook, at most.
  package static let most = 256
  /// Numbers of all directions of one request, and of all hooks that a run ever had, at most: 16 MiB.
  package static let mostNumbers = 4 << 20

  /// Row-major, `[count, width]`.
  package let values: [Float]
  package let width: Int
  package var count: Int { values.count / max(width, 1) }

  /// - Parameter values: finite, one direction behind the other, at least one.
  package init(_ values: [Float], width: Int) {
    self.values = values
    self.width = width
  }

  /// The dot product of a row with each direction, in the order of the directions; `out` has room for ``count``.
  ///
  /// Products of singles are exact in double precision, and sums run in it from the first element to the last.
  func project(_ row: UnsafeBufferPointer<Float>, into out: UnsafeMutablePointer<Float>) {
    let width = min(width, row.count)
    values.withUnsafeBufferPointer { values in
      for direction in 0..<count {
        let first = direction * self.width
        var sum = 0.0
        for column in 0..<width { sum += Double(values[first + column]) * Double(row[column]) }
        out[direction] = Float(sum)
      }
    }
  }
}
