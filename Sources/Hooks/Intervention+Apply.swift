internal import Tensors

extension Intervention {
  /// Changes rows `[rows, width]` of the run, row r being `firstPosition + r`.
  ///
  /// Indices were checked against the catalogue when the intervention was made (``check(_:)``).
  /// - Parameter headSize: numbers of one head, or of the whole row where the point has no heads.
  func apply(to rows: FloatRows, headSize: Int, firstPosition: Int, lastPosition: Int) {
    for row in 0..<rows.rows {
      let position = firstPosition + row
      guard positions.contains(position, isLast: position == lastPosition) else { continue }
      change.apply(
        to: ChangedRow(
          values: rows.row(row), point: point, place: position, position: position, heads: heads,
          headSize: headSize, neurons: neurons, keepsUnscored: false))
    }
  }

  /// Changes the scores or the pattern of one head and query over the keys it can see.
  ///
  /// A key outside a sliding window was never scored; it stays so.
  func apply(
    toScores keys: UnsafeMutableBufferPointer<Float>, head: Int, position: Int, lastPosition: Int
  ) {
    guard positions.contains(position, isLast: position == lastPosition),
      heads?.contains(head) ?? true
    else { return }
    change.apply(
      to: ChangedRow(
        values: keys, point: point, place: position &* 65_537 &+ head, position: position,
        heads: nil, headSize: keys.count, neurons: neurons, keepsUnscored: true))
  }
}
