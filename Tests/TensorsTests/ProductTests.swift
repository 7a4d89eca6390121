import TestKit
import Testing

@testable import Tensors

@Suite struct ProductTests {
  struct Case: CustomTestStringConvertible, Sendable {
    let storage: Storage
    let set: InstructionSet
    var testDescription: String { "\(storage.testDescription), \(set.rawValue)" }

    static let all = Storage.all.flatMap { storage in
      InstructionSet.distinct.map { Case(storage: storage, set: $0) }
    }
  }

  /// The matrix in plain numbers, decoded row by row, by the scalar twin where nothing else is said.
  static func decoded(_ matrix: WeightMatrix, by set: InstructionSet = .scalar) -> [Float] {
    let out = FloatSlab(count: matrix.rows * matrix.columns)
    Arithmetic(threads: 1, instructionSet: set).embed(
      matrix, tokens: (0..<matrix.rows).map(Int32.init),
      into: out.rows(matrix.rows, width: matrix.columns))
    return out.values
  }

  /// Largest |Σ w x| error allowed, as a share of Σ |w x|.
  static let tolerance = 1e-6

  static func expectProduct(
    _ matrix: WeightMatrix, _ x: [Float], rows: Int, bias: [Float]?, equals y: [Float],
    within tolerance: Double = Self.tolerance
  ) {
    let weights = decoded(matrix)
    let columns = matrix.columns
    var worst = 0.0
    for m in 0..<rows {
      for r in 0..<matrix.rows {
        var sum = Double(bias?[r] ?? 0)
        var size = abs(sum)
        for c in 0..<columns {
          let term = Double(weights[r &* columns &+ c] * x[m &* columns &+ c])
          sum += term
          size += abs(term)
        }
        worst = max(worst, abs(Double(y[m * matrix.rows + r]) - sum) / size)
      }
    }
    #expect(worst <= tolerance, "\(rows) rows of \(matrix.rows)")
  }

  static func product(
    _ arithmetic: Arithmetic, _ matrix: WeightMatrix, _ x: [Float], rows: Int, bias: [Float]? = nil,
    policy: Arithmetic.RowPolicy = .single
  ) -> [Float] {
    let input = FloatSlab(x)
    let output = FloatSlab(count: rows * matrix.rows)
    let offsets = bias.map { FloatSlab($0) }
    arithmetic.add(
      matrix, input.rows(rows, width: matrix.columns), into: output.rows(rows, width: matrix.rows),
      bias: offsets.map { UnsafePointer($0.base) }, policy: policy)
    arithmetic.run()
    return output.values
  }

  @Test(arguments: Case.all)
  func `a product is the sum of decoded weights times activations`(kind: Case) throws {
    let arithmetic = Arithmetic(threads: 2, instructionSet: kind.set)
    let columns = max(kind.storage.block, 32) * 3
    for (count, rows) in [(1, 1), (1, 7), (2, 5), (3, 9), (5, 4), (8, 3), (9, 6)] {
      let matrix = try kind.storage.make(rows, columns, UInt64(rows))
      var random = SeededGenerator(seed: 7)
      let x = random.floats(count * columns)
      let bias = rows % 2 == 0 ? random.floats(rows) : nil
      let y = Self.product(arithmetic, matrix, x, rows: count, bias: bias)
      Self.expectProduct(matrix, x, rows: count, bias: bias, equals: y)
    }
  }

  @Test(arguments: Case.all)
  func `a prompt's chunk gets the same product in tiles`(kind: Case) throws {
    let arithmetic = Arithmetic(threads: 2, instructionSet: kind.set)
    let columns = max(kind.storage.block, 32) * 3
    for (count, rows) in [(1, 3), (13, 70), (31, 33), (64, 17)] {
      let matrix = try kind.storage.make(rows, columns, UInt64(rows))
      var random = SeededGenerator(seed: 8)
      let x = random.floats(count * columns)
      let bias = rows % 2 == 0 ? random.floats(rows) : nil
      let y = Self.product(arithmetic, matrix, x, rows: count, bias: bias, policy: .panel)
      Self.expectProduct(matrix, x, rows: count, bias: bias, equals: y)
    }
  }

  @Test(arguments: Case.all)
  func `tiles are multiplied with the very numbers that decoding row by row gives`(kind: Case)
    throws
  {
    let arithmetic = Arithmetic(threads: 2, instructionSet: kind.set)
    let columns = max(kind.storage.block, 32) * 3
    let matrix = try kind.storage.make(37, columns, 4)
    // One activation of 1 in each row takes one column out.
    let x = (0..<columns * columns).map { $0 % (columns + 1) == 0 ? Float(1) : 0 }
    let y = Self.product(arithmetic, matrix, x, rows: columns, policy: .panel)
    let weights = Self.decoded(matrix, by: kind.set)
    let taken = (0..<columns).flatMap { c in (0..<37).map { weights[$0 * columns + c] } }
    #expect(y == taken)
  }

  @Test(arguments: Case.all)
  func `a row's bits do not depend on the rows beside it`(kind: Case) throws {
    let arithmetic = Arithmetic(threads: 2, instructionSet: kind.set)
    let columns = max(kind.storage.block, 32) * 5
    let matrix = try kind.storage.make(37, columns, 5)
    var random = SeededGenerator(seed: 9)
    let x = random.floats(9 * columns)
    let alone = (0..<9).flatMap { m in
      Self.product(
        arithmetic, matrix, Array(x[m * columns..<(m + 1) * columns]), rows: 1)
    }
    for count in 2...9 {
      let together = Self.product(
        arithmetic, matrix, Array(x[..<(count * columns)]), rows: count)
      #expect(together == Array(alone[..<(count * 37)]), "\(count) rows")
    }
  }

  @Test(arguments: InstructionSet.distinct)
  func `plain types take any number of columns`(set: InstructionSet) throws {
    let arithmetic = Arithmetic(threads: 1, instructionSet: set)
    for type in [ElementType.f32, .f16, .bf16] {
      for columns in [1, 7, 8, 15, 16, 17, 31, 33, 48, 63, 255, 257, 300, 1024] {
        let matrix = try Storage.blocks(type).make(5, columns, 2)
        var random = SeededGenerator(seed: UInt64(columns))
        for (count, policy) in [(1, Arithmetic.RowPolicy.single), (3, .single), (17, .panel)] {
          let x = random.floats(count * columns)
          let y = Self.product(arithmetic, matrix, x, rows: count, policy: policy)
          Self.expectProduct(matrix, x, rows: count, bias: nil, equals: y)
        }
      }
    }
  }

  @Test func `jobs of one run write their own rows, strided views included`() throws {
    let arithmetic = Arithmetic(threads: 2)
    var random = SeededGenerator(seed: 4)
    let matrices = try [(96, 300), (96, 5), (64, 41)].map { columns, rows in
      try Storage.blocks(.q8_0).make(rows, columns, UInt64(rows))
    }
    let input = FloatSlab(random.floats(3 * 200))
    let output = FloatSlab(count: 3 * 346)
    let x = input.rows(3, width: 200)
    let y = output.rows(3, width: 346)
    var from = 0
    for matrix in matrices {
      arithmetic.add(
        matrix, x.columns(8..<8 + matrix.columns), into: y.columns(from..<from + matrix.rows))
      from += matrix.rows
    }
    arithmetic.run()
    from = 0
    for matrix in matrices {
      let own = (0..<3).flatMap { m in
        Array(x.row(m)[8..<8 + matrix.columns])
      }
      let alone = Self.product(arithmetic, matrix, own, rows: 3)
      for m in 0..<3 {
        let found = Array(y.row(m)[from..<from + matrix.rows])
        let expected = Array(alone[m * matrix.rows..<(m + 1) * matrix.rows])
        #expect(found == expected)
      }
      from += matrix.rows
    }
  }
}
