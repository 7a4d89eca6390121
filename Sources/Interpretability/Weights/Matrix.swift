/// Numbers `[rows, columns]`, row after row.
struct Matrix: Sendable, Equatable {
  let rows: Int
  let columns: Int
  var values: [Double]

  init(rows: Int, columns: Int, _ values: [Double]) {
    precondition(values.count == rows * columns)
    self.rows = rows
    self.columns = columns
    self.values = values
  }

  init(rows: Int, columns: Int) {
    self.init(rows: rows, columns: columns, [Double](repeating: 0, count: rows * columns))
  }

  init(rows: Int, columns: Int, _ values: some Sequence<Float>) {
    self.init(rows: rows, columns: columns, values.map { Double($0) })
  }

  subscript(row: Int, column: Int) -> Double {
    get { values[row * columns + column] }
    set { values[row * columns + column] = newValue }
  }

  /// The first rows.
  func prefix(_ count: Int) -> Matrix {
    Matrix(rows: count, columns: columns, Array(values.prefix(count * columns)))
  }

  /// Each row times a number of its own.
  func scaled(by factors: [Double]) -> Matrix {
    var result = self
    for row in 0..<rows {
      for column in 0..<columns { result[row, column] *= factors[row] }
    }
    return result
  }
}
