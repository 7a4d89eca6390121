extension Selection.Reduction {
  /// Numbers of the directions that it holds.
  package var directionNumbers: Int {
    if case .project(let directions) = self { directions.values.count } else { 0 }
  }

  /// Bins of ``histogram``.
  package static let bins = 32

  /// The last axis after reduction, or nil where it is dropped.
  package func lastDimension(_ width: Int) -> Int? {
    switch self {
    case .none: width
    case .norm, .meanAbs: nil
    case .stats: 4
    case .histogram: 2 + Self.bins
    case .topK(let k): 2 * min(k, width)
    case .project(let directions): directions.count
    }
  }

  /// How often it reads a row, about: what framing elsewhere is weighed by.
  package var reads: Int {
    // Eight dot products take as long as packing the numbers would.
    if case .project(let directions) = self { max(directions.count / 8, 1) } else { 1 }
  }

  /// The dimensions that take the place of a last axis of `width`: of the k largest the values, then where they were.
  package func lastDimensions(_ width: Int) -> [Int] {
    switch self {
    case .topK(let k): [2, min(k, width)]
    default: lastDimension(width).map { [$0] } ?? []
    }
  }

  /// Reduces each row of `width` floats; `out` has room for ``lastDimension(_:)`` (or 1) a row.
  ///
  /// Sums run in double precision, from the first element to the last, so the result equals the same
  /// computation on the full capture.
  package func reduce(_ row: UnsafeBufferPointer<Float>, into out: UnsafeMutablePointer<Float>) {
    switch self {
    case .none:
      if let source = row.baseAddress { out.update(from: source, count: row.count) }
    case .norm:
      out[0] = Float(row.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot())
    case .meanAbs:
      out[0] = Float(row.reduce(0.0) { $0 + Double(abs($1)) } / Double(max(row.count, 1)))
    case .stats: stats(row, into: out)
    case .histogram: histogram(row, into: out)
    case .topK(let k): top(k, of: row, into: out)
    case .project(let directions): directions.project(row, into: out)
    }
  }

  private func stats(_ row: UnsafeBufferPointer<Float>, into out: UnsafeMutablePointer<Float>) {
    let mean = row.reduce(0.0) { $0 + Double($1) } / Double(max(row.count, 1))
    let square = row.reduce(0.0) { $0 + (Double($1) - mean) * (Double($1) - mean) }
    out[0] = row.min() ?? 0
    out[1] = row.max() ?? 0
    out[2] = Float(mean)
    out[3] = Float((square / Double(max(row.count, 1))).squareRoot())
  }

  private func histogram(_ row: UnsafeBufferPointer<Float>, into out: UnsafeMutablePointer<Float>) {
    let finite = row.lazy.filter(\.isFinite)
    let low = finite.min() ?? 0
    let high = finite.max() ?? 0
    out[0] = low
    out[1] = high
    for bin in 0..<Self.bins { out[2 + bin] = 0 }
    let span = high - low
    for value in finite {
      let place = span > 0 ? (value - low) / span * Float(Self.bins) : 0
      let bin = place.isFinite ? min(max(Int(place), 0), Self.bins - 1) : 0
      out[2 + bin] += 1
    }
  }

  /// The k largest magnitudes (equal ones: the lower index first); values, then indices.
  private func top(
    _ k: Int, of row: UnsafeBufferPointer<Float>, into out: UnsafeMutablePointer<Float>
  ) {
    let count = min(k, row.count)
    let order = row.indices.sorted { (abs(row[$0]), $1) > (abs(row[$1]), $0) }
    for (place, index) in order.prefix(count).enumerated() {
      out[place] = row[index]
      out[count + place] = Float(index)
    }
  }
}
