internal import COpenBLAS
internal import Engine

/// The only file that calls OpenBLAS and the LAPACK in it.
///
/// It computes on the thread that calls it: threads of its own beside those of the forward pass would only be in their way.
enum OpenBLAS {
  private static let opened = open("libopenblas.so.0")

  /// Opens a library that has its functions.
  static func open(_ name: String) -> Result<openblas_library, EngineError> {
    var library = openblas_library()
    var why = openblas_reason()
    guard openblas_open(name, &library, &why) else {
      let reason = withUnsafeBytes(of: why) {
        String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
      }
      return .failure(.noLibrary(name, package: "libopenblas0", reason: reason))
    }
    return .success(library)
  }

  /// Refuses work that needs it where it is not to be had; whoever begins such work asks here first.
  static func check() throws(EngineError) { _ = try opened.get() }

  private static var library: openblas_library {
    guard case .success(let library) = opened else { preconditionFailure("check() was not asked") }
    return library
  }

  private static let rowMajor = Int32(cblas_row_major)
  private static let asItIs = Int32(cblas_as_it_is)
  private static let transposed = Int32(cblas_transposed)

  /// `a b`, or `a bᵀ`.
  static func product(_ a: Matrix, _ b: Matrix, transposed: Bool = false) -> Matrix {
    precondition(a.columns == (transposed ? b.columns : b.rows))
    var result = Matrix(rows: a.rows, columns: transposed ? b.rows : b.columns)
    guard result.rows > 0, result.columns > 0, a.columns > 0 else { return result }
    library.dgemm(
      rowMajor, asItIs, transposed ? Self.transposed : asItIs, Int32(a.rows),
      Int32(result.columns), Int32(a.columns), 1, a.values, Int32(a.columns), b.values,
      Int32(b.columns), 0, &result.values, Int32(result.columns))
    return result
  }

  /// `out = a bᵀ` of float32 rows: `a [rows, inner]`, `b [columns, inner]`, `out [rows, columns]`.
  static func product(
    _ a: [Float], rows: Int, _ b: [Float], columns: Int, inner: Int, into out: inout [Float]
  ) {
    precondition(a.count >= rows * inner && b.count >= columns * inner)
    precondition(out.count >= rows * columns)
    guard rows > 0, columns > 0, inner > 0 else { return }
    library.sgemm(
      rowMajor, asItIs, transposed, Int32(rows), Int32(columns), Int32(inner), 1, a,
      Int32(inner), b, Int32(inner), 0, &out, Int32(columns))
  }

  /// `out = aᵀ b` of float32 rows: `a [rows, first]`, `b [rows, second]`, `out [first, second]`.
  static func gram(
    _ a: [Float], first: Int, _ b: [Float], second: Int, rows: Int, into out: inout [Float]
  ) {
    precondition(a.count >= rows * first && b.count >= rows * second)
    precondition(out.count >= first * second)
    guard rows > 0, first > 0, second > 0 else { return }
    library.sgemm(
      rowMajor, transposed, asItIs, Int32(first), Int32(second), Int32(rows), 1, a,
      Int32(first), b, Int32(second), 0, &out, Int32(second))
  }

  /// `out += a b` of float32 rows: `a [rows, inner]`, `b [inner, columns]`, `out [rows, columns]`.
  static func add(
    _ a: [Float], rows: Int, _ b: [Float], inner: Int, columns: Int,
    to out: UnsafeMutablePointer<Float>
  ) {
    precondition(a.count >= rows * inner && b.count >= inner * columns)
    guard rows > 0, columns > 0, inner > 0 else { return }
    library.sgemm(
      rowMajor, asItIs, asItIs, Int32(rows), Int32(columns), Int32(inner), 1, a,
      Int32(inner), b, Int32(columns), 1, out, Int32(columns))
  }

  /// Orthonormal rows that span those of a matrix, and what each row of it is in them: `matrix = rᵀ q`.
  ///
  /// - Returns: `q [min(rows, columns), columns]`, `r [min(rows, columns), rows]`; nil where LAPACK refuses.
  static func orthonormalised(_ matrix: Matrix) -> (q: Matrix, r: Matrix)? {
    let rank = min(matrix.rows, matrix.columns)
    guard rank > 0 else { return nil }
    // Rows of ours are LAPACK's columns.
    let (m, n, k) = ([Int32(matrix.columns)], [Int32(matrix.rows)], [Int32(rank)])
    var values = matrix.values
    var tau = [Double](repeating: 0, count: rank)
    let isFactored = working { work, size, info in
      library.dgeqrf(m, n, &values, m, &tau, work, size, info)
    }
    guard isFactored else { return nil }
    var r = Matrix(rows: rank, columns: matrix.rows)
    for row in 0..<rank {
      for column in row..<matrix.rows { r[row, column] = values[column * matrix.columns + row] }
    }
    values.removeLast((matrix.rows - rank) * matrix.columns)
    guard working({ library.dorgqr(m, k, k, &values, m, tau, $0, $1, $2) }) else { return nil }
    return (Matrix(rows: rank, columns: matrix.columns, values), r)
  }

  /// `matrix = Σ sizes[i] left[i]ᵀ right[i]`, sizes descending; nil where LAPACK finds none, as of numbers that are not finite.
  static func singular(_ matrix: Matrix) -> (left: Matrix, sizes: [Double], right: Matrix)? {
    let rank = min(matrix.rows, matrix.columns)
    guard rank > 0, matrix.values.allSatisfy(\.isFinite) else { return nil }
    // LAPACK sees the transpose: its left vectors are our right ones.
    let (m, n, k) = ([Int32(matrix.columns)], [Int32(matrix.rows)], [Int32(rank)])
    var values = matrix.values
    var sizes = [Double](repeating: 0, count: rank)
    var right = Matrix(rows: rank, columns: matrix.columns)
    var left = Matrix(rows: matrix.rows, columns: rank)
    var places = [Int32](repeating: 0, count: 8 * rank)
    let isFound = working { work, size, info in
      library.dgesdd(
        "S", m, n, &values, m, &sizes, &right.values, m, &left.values, k, work, size, &places, info,
        1)
    }
    guard isFound else { return nil }
    var rows = Matrix(rows: rank, columns: matrix.rows)
    for row in 0..<rank {
      for column in 0..<matrix.rows { rows[row, column] = left[column, row] }
    }
    return (rows, sizes, right)
  }

  /// The eigenvalues of a square matrix as real and imaginary parts; nil where LAPACK finds none.
  static func eigenvalues(_ matrix: Matrix) -> [(real: Double, imaginary: Double)]? {
    precondition(matrix.rows == matrix.columns)
    guard matrix.rows > 0, matrix.values.allSatisfy(\.isFinite) else { return nil }
    let (n, one) = ([Int32(matrix.rows)], [Int32(1)])
    var values = matrix.values
    var real = [Double](repeating: 0, count: matrix.rows)
    var imaginary = real
    var (noLeft, noRight) = (0.0, 0.0)
    let isFound = working { work, size, info in
      library.dgeev(
        "N", "N", n, &values, n, &real, &imaginary, &noLeft, one, &noRight, one, work, size, info,
        1, 1)
    }
    return isFound ? zip(real, imaginary).map { ($0, $1) } : nil
  }

  /// Calls a routine twice: for the size of the memory that it works in, and with it.
  private static func working(
    _ routine: (UnsafeMutablePointer<Double>, UnsafePointer<Int32>, UnsafeMutablePointer<Int32>)
      -> Void
  ) -> Bool {
    var (wanted, size, info) = (0.0, Int32(-1), Int32(0))
    routine(&wanted, &size, &info)
    guard info == 0 else { return false }
    size = Int32(max(1, wanted))
    var work = [Double](repeating: 0, count: Int(size))
    routine(&work, &size, &info)
    return info == 0
  }
}
