import TestKit
import Testing

@testable import Tensors

/// What ``Numerics/fast`` computes: products of activations that were rounded.
@Suite struct RoundedProductTests {
  struct Case: CustomTestStringConvertible, Sendable {
    let storage: Storage
    let set: InstructionSet
    var testDescription: String { "\(storage.testDescription), \(set.rawValue)" }

    /// Columns of so many whole blocks of 32, or a few more where a block has 256.
    func columns(_ blocks: Int) -> Int {
      (32 * blocks + storage.block - 1) / storage.block * storage.block
    }

    static let all: [Case] = InstructionSet.available.filter { $0 != .scalar }.flatMap { set in
      (set == .avx512 ? types.filter { $0 != .q8_0 } : types).map {
        Case(storage: .blocks($0), set: set)
      }
    }
  }

  /// Weights before which activations are rounded to bytes; all sets but `avx512` have products of each.
  static let types: [ElementType] = [.q4_0, .q4_1, .q5_0, .q5_1, .q4_K, .q5_K, .q6_K, .q8_0]
  static let policies: [Arithmetic.RowPolicy] = [.single, .panel]

  /// The slow twin: each block of 32 to whole multiples of a 127th of its largest.
  static func rounded(_ x: [Float]) -> [Float] {
    stride(from: 0, to: x.count, by: 32).flatMap { first in
      let block = x[first..<first + 32]
      let largest = block.map(abs).max() ?? 0
      guard largest > 0 else { return [Float](repeating: 0, count: 32) }
      return block.map {
        ($0 * (127 / largest)).rounded(.toNearestOrEven) * (largest / 127)
      }
    }
  }

  /// Largest error allowed, as a share of Σ |w x|, where sums are of B ≤ 40 blocks.
  ///
  /// Sums of integers are exact. In float32 the product of two scales is rounded once, then each block's sum as it is
  /// added, codes and offsets apart, then a few sums of lanes: B + 7 times within 2⁻²⁴ of Σ |s x| code, and as much of
  /// the offsets. Both are some twice Σ |w x|, since codes are counted from below, so at worst the share is
  /// 4 (B + 7) 2⁻²⁴ = 1.1e-5. Roundings go up and down; this allows a quarter of that.
  static let tolerance = 3e-6

  @Test(arguments: Case.all, policies)
  func `a fast product is that of activations in int8 blocks`(
    kind: Case, policy: Arithmetic.RowPolicy
  ) throws {
    let arithmetic = Arithmetic(threads: 2, instructionSet: kind.set, numerics: .fast)
    for (count, rows, blocks) in [(1, 5, 3), (2, 7, 8), (4, 3, 11), (7, 33, 9), (15, 18, 35)] {
      let matrix = try kind.storage.make(rows, kind.columns(blocks), UInt64(rows))
      var random = SeededGenerator(seed: UInt64(count))
      var x = random.floats(count * matrix.columns)
      for index in 0..<32 { x[index] *= 100 }
      let bias = rows % 2 == 0 ? random.floats(rows) : nil
      let y = ProductTests.product(
        arithmetic, matrix, x, rows: count, bias: bias, policy: policy)
      ProductTests.expectProduct(
        matrix, Self.rounded(x), rows: count, bias: bias, equals: y, within: Self.tolerance)
    }
  }

  @Test(arguments: types, policies)
  func `every instruction set gives a fast product the same bits`(
    type: ElementType, policy: Arithmetic.RowPolicy
  ) throws {
    let matrix = try Storage.blocks(type).make(37, type.itemsPerBlock > 32 ? 6 * 256 : 41 * 32, 6)
    var random = SeededGenerator(seed: 10)
    let x = random.floats(9 * matrix.columns)
    let results = Case.all.filter { $0.storage.testDescription == type.name }.map { kind in
      ProductTests.product(
        Arithmetic(threads: 1, instructionSet: kind.set, numerics: .fast), matrix, x, rows: 9,
        policy: policy)
    }
    for result in results.dropFirst() { #expect(result == results[0]) }
  }

  @Test(arguments: Case.all, policies)
  func `a fast row's bits do not depend on the rows beside it`(
    kind: Case, policy: Arithmetic.RowPolicy
  ) throws {
    let arithmetic = Arithmetic(threads: 2, instructionSet: kind.set, numerics: .fast)
    let matrix = try kind.storage.make(21, kind.columns(10), 5)
    var random = SeededGenerator(seed: 9)
    let width = matrix.columns
    let x = random.floats(9 * width)
    let alone = (0..<9).flatMap { m in
      ProductTests.product(
        arithmetic, matrix, Array(x[m * width..<(m + 1) * width]), rows: 1, policy: policy)
    }
    for count in 2...9 {
      let together = ProductTests.product(
        arithmetic, matrix, Array(x[..<(count * width)]), rows: count, policy: policy)
      #expect(together == Array(alone[..<(count * 21)]), "\(count) rows")
    }
  }

  @Test(arguments: Case.all, policies)
  func `what is no number stays none, and zeros and the tiniest numbers stay nothing`(
    kind: Case, policy: Arithmetic.RowPolicy
  ) throws {
    let arithmetic = Arithmetic(threads: 1, instructionSet: kind.set, numerics: .fast)
    let columns = kind.columns(3)
    let matrix = try kind.storage.make(19, columns, 2)
    for lost in [Float.nan, .infinity, -.infinity] {
      var x = [Float](repeating: 1, count: 3 * columns)
      x[columns + 40] = lost
      let y = ProductTests.product(arithmetic, matrix, x, rows: 3, policy: policy)
      #expect(y[19..<38].allSatisfy { $0.isNaN })
      #expect(y[..<19].allSatisfy(\.isFinite) && y[..<19] == y[38...])
    }
    for value in [Float(0), .leastNonzeroMagnitude, 0x1p-120] {
      let x = [Float](repeating: value, count: columns)
      let y = ProductTests.product(arithmetic, matrix, x, rows: 1, policy: policy)
      #expect(y.allSatisfy { abs($0) < 1e-30 })
    }
  }

  @Test(arguments: Storage.all.filter { !types.map(\.name).contains($0.testDescription) })
  func `other weights of a prompt are rounded within eight bits, and decoded exactly`(
    storage: Storage
  ) throws {
    let arithmetic = Arithmetic(threads: 2, numerics: .fast)
    let columns = max(storage.block, 32) * 3 + (storage.block == 1 ? 5 : 0)
    for (count, rows) in [(13, 70), (31, 33), (64, 17)] {
      let matrix = try storage.make(rows, columns, UInt64(rows))
      var random = SeededGenerator(seed: 8)
      let x = random.floats(count * columns)
      let bias = rows % 2 == 0 ? random.floats(rows) : nil
      let y = ProductTests.product(
        arithmetic, matrix, x, rows: count, bias: bias, policy: .panel)
      // Each factor is rounded to within 2⁻⁹ of itself.
      ProductTests.expectProduct(
        matrix, x, rows: count, bias: bias, equals: y, within: 0x1.02p-8)
    }
    let matrix = try storage.make(9, columns, 1)
    var random = SeededGenerator(seed: 3)
    let x = random.floats(2 * columns)
    let exact = ProductTests.product(Arithmetic(threads: 1), matrix, x, rows: 2)
    #expect(ProductTests.product(arithmetic, matrix, x, rows: 2) == exact)
  }

  @Test func `nothing is rounded where it is not asked for or can't be`() throws {
    let matrix = try Storage.blocks(.q4_1).make(40, 96, 3)
    #expect(Arithmetic(threads: 1).numerics == .exact)
    #expect(Arithmetic(threads: 1).roundings.precision(of: matrix, policy: .panel) == .float32)
    #expect(Arithmetic(threads: 1, instructionSet: .scalar, numerics: .fast).numerics == .exact)
    let signed = try Storage.blocks(.q8_0).make(40, 96, 3)
    for set in InstructionSet.available where set != .scalar {
      let fast = Arithmetic(threads: 1, instructionSet: set, numerics: .fast)
      #expect(fast.numerics == .fast)
      #expect(fast.roundings.precision(of: matrix, policy: .single) == .int8)
      let ofSigned = fast.roundings.precision(of: signed, policy: .single)
      #expect(ofSigned == (set == .avx512 ? .float32 : .int8))
    }
  }

  @Test func `jobs of one run share rounded activations only where they have the same`() throws {
    let arithmetic = Arithmetic(threads: 2, numerics: .fast)
    let matrices = try [ElementType.q4_0, .iq4_XS, .q6_K, .q8_0].map {
      try Storage.blocks($0).make(11, 256, 4)
    }
    var random = SeededGenerator(seed: 12)
    let inputs = (0..<2).map { _ in random.floats(16 * 256) }
    for policy in Self.policies {
      let views = inputs.map { FloatSlab($0) }
      let outputs = (0..<8).map { _ in FloatSlab(count: 16 * 11) }
      for job in 0..<8 {
        arithmetic.add(
          matrices[job / 2], views[job % 2].rows(16, width: 256),
          into: outputs[job].rows(16, width: 11), policy: policy)
      }
      arithmetic.run()
      for job in 0..<8 {
        let alone = ProductTests.product(
          arithmetic, matrices[job / 2], inputs[job % 2], rows: 16, policy: policy)
        #expect(outputs[job].values == alone)
      }
    }
  }
}
