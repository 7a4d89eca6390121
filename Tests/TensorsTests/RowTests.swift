import Foundation
import TestKit
import Testing

@testable import Tensors

/// Row-wise operations against the same formulas in double precision.
@Suite(.serialized) struct RowTests {
  static let widths = [1, 7, 15, 16, 17, 31, 33, 64, 255, 257, 576]

  func expect(
    _ found: some Sequence<Float>, _ expected: some Sequence<Double>, within tolerance: Double,
    _ note: String = ""
  ) {
    for (index, (a, b)) in zip(found, expected).enumerated() where !(Double(a) == b) {
      #expect(abs(Double(a) - b) <= tolerance * max(abs(b), 1e-3), "\(note) [\(index)]: \(a), \(b)")
    }
  }

  @Test(arguments: InstructionSet.distinct)
  func `norms divide by the root of the mean square`(set: InstructionSet) {
    let arithmetic = Arithmetic(threads: 2, instructionSet: set)
    var random = SeededGenerator(seed: 1)
    for width in Self.widths {
      let x = FloatSlab(random.floats(3 * width))
      let weight = FloatSlab(random.floats(width))
      let bias = FloatSlab(random.floats(width))
      let y = FloatSlab(count: 3 * width)
      let (input, output) = (x.rows(3, width: width), y.rows(3, width: width))
      arithmetic.rmsNorm(input, weight: weight.base, epsilon: 1e-5, into: output)
      for m in 0..<3 {
        let row = input.row(m).map(Double.init)
        let root = (row.reduce(0) { $0 + $1 * $1 } / Double(width) + 1e-5).squareRoot()
        expect(output.row(m), zip(row, weight.values).map { $0 / root * Double($1) }, within: 1e-6)
      }
      arithmetic.layerNorm(
        input, weight: weight.base, bias: bias.base, epsilon: 1e-5, into: output)
      for m in 0..<3 {
        let row = input.row(m).map(Double.init)
        let mean = row.reduce(0, +) / Double(width)
        let root =
          (row.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(width) + 1e-5).squareRoot()
        let (weights, biases) = (weight.values, bias.values)
        let expected = (0..<width).map {
          (row[$0] - mean) / root * Double(weights[$0]) + Double(biases[$0])
        }
        #expect(zip(output.row(m), expected).allSatisfy { abs(Double($0) - $1) < 1e-5 })
      }
    }
  }

  @Test(arguments: InstructionSet.distinct)
  func `a head norm is the norm of each head`(set: InstructionSet) {
    let arithmetic = Arithmetic(threads: 1, instructionSet: set)
    var random = SeededGenerator(seed: 2)
    let x = FloatSlab(random.floats(2 * 96))
    let weight = FloatSlab(random.floats(24))
    let (y, z) = (FloatSlab(count: 2 * 96), FloatSlab(count: 2 * 96))
    arithmetic.headNorm(
      x.rows(2, width: 96), headDim: 24, weight: weight.base, epsilon: 1e-6,
      into: y.rows(2, width: 96))
    arithmetic.rmsNorm(
      x.rows(8, width: 24), weight: weight.base, epsilon: 1e-6, into: z.rows(8, width: 24))
    #expect(y.values == z.values)
  }

  @Test(arguments: InstructionSet.distinct)
  func `a layer norm of each head has each head's own weight`(set: InstructionSet) {
    let arithmetic = Arithmetic(threads: 1, instructionSet: set)
    var random = SeededGenerator(seed: 4)
    for (heads, size) in [(4, 24), (1, 7), (3, 16)] {
      let width = heads * size
      let x = FloatSlab(random.floats(2 * width))
      let weight = FloatSlab(random.floats(width))
      let (y, z) = (FloatSlab(count: 2 * width), FloatSlab(count: 2 * width))
      arithmetic.headLayerNorm(
        x.rows(2, width: width), headDim: size, weight: weight.base, epsilon: 1e-5,
        into: y.rows(2, width: width))
      for head in 0..<heads {
        let columns = head * size..<(head + 1) * size
        arithmetic.layerNorm(
          x.rows(2, width: width).columns(columns), weight: weight.base + head * size, bias: nil,
          epsilon: 1e-5, into: z.rows(2, width: width).columns(columns))
      }
      #expect(y.values == z.values)
    }
  }

  @Test(arguments: [2, 6, 16, 64])
  func `heads taken apart by turns are put together again`(size: Int) {
    let arithmetic = Arithmetic(threads: 2)
    let numbers = (0..<5 * 3 * size).map(Float.init)
    let x = FloatSlab(numbers)
    let rows = x.rows(5, width: 3 * size)
    arithmetic.deinterleave(rows, headDim: size)
    for (place, value) in x.values.enumerated() {
      let (first, element) = (place / size * size, place % size)
      let half = size / 2
      let source = element < half ? 2 * element : 2 * (element - half) + 1
      #expect(value == numbers[first + source])
    }
    arithmetic.interleave(rows, headDim: size)
    #expect(x.values == numbers)
  }

  @Test(arguments: InstructionSet.distinct)
  func `activations are good to a few units in the last place`(set: InstructionSet) {
    let arithmetic = Arithmetic(threads: 1, instructionSet: set)
    let points = (-2000...2000).map { Float($0) / 100 } + [-1000, -200, 89, 120, 1e-20, -1e-6]
    var random = SeededGenerator(seed: 3)
    let count = points.count
    let gate = FloatSlab(points)
    let up = FloatSlab(random.floats(count))
    let y = FloatSlab(count: count)
    let (g, u, out) = (
      gate.rows(1, width: count), up.rows(1, width: count), y.rows(1, width: count)
    )
    let ups = up.values.map(Double.init)
    let gates = points.map(Double.init)

    let functions: [(ActivationFunction, (Double) -> Double)] = [
      (.silu, { $0 / (1 + exp(-$0)) }), (.gelu, { 0.5 * $0 * erfc(-$0 / 2.0.squareRoot()) }),
      (
        .geluTanh,
        { 0.5 * $0 * (1 + tanh((2 / Double.pi).squareRoot() * ($0 + 0.044715 * $0 * $0 * $0))) }
      ),
      (.quickGelu, { $0 / (1 + exp(-1.702 * $0)) }), (.relu, { max($0, 0) }),
    ]
    for (function, slow) in functions {
      arithmetic.apply(function, g, into: out)
      for (x, (a, b)) in zip(points, zip(y.values, gates.map(slow))) {
        #expect(abs(Double(a) - b) <= 3e-7 * max(1, abs(b)), "\(function) of \(x)")
      }
      arithmetic.product(function, gate: g, up: u, into: out)
      for (a, b) in zip(y.values, zip(gates, ups).map { slow($0) * $1 }) {
        #expect(abs(Double(a) - b) <= 1e-6 * max(1, abs(b)), "\(function) product")
      }
    }

    arithmetic.copy(g, into: out)
    arithmetic.softCap(out, 30)
    for (a, b) in zip(y.values, gates) {
      #expect(abs(Double(a) - 30 * tanh(b / 30)) <= 1e-5, "soft cap of \(b)")
    }

    arithmetic.gptOssGate(gate: u, up: g, into: out)
    expect(
      y.values,
      zip(ups, gates).map { gate, up in
        let gate = min(gate, 7)
        return (max(-7, min(up, 7)) + 1) * gate / (1 + exp(-1.702 * gate))
      }, within: 2e-6, "gpt-oss")
  }

  @Test(arguments: InstructionSet.distinct)
  func `rotation turns pairs that are half the rotating part apart`(set: InstructionSet) {
    let arithmetic = Arithmetic(threads: 1, instructionSet: set)
    var random = SeededGenerator(seed: 4)
    for (headDim, rotary) in [(16, 16), (64, 64), (80, 32), (6, 4)] {
      let half = rotary / 2
      let angles = (0..<10 * half).map {
        Double($0 / half) / pow(100, Double($0 % half) / Double(half))
      }
      let cosines = FloatSlab(angles.map { Float(cos($0)) })
      let sines = FloatSlab(angles.map { Float(sin($0)) })
      let positions: [Int32] = [7, 0, 9]
      let original = random.floats(3 * 2 * headDim)
      let x = FloatSlab(original)
      arithmetic.rotate(
        x.rows(3, width: 2 * headDim), heads: 2, headDim: headDim, rotaryDim: rotary,
        cosines: cosines.base, sines: sines.base, positions: positions)
      var expected = original.map(Double.init)
      let (c, s) = (cosines.values, sines.values)
      for (row, position) in positions.enumerated() {
        for head in 0..<2 {
          for i in 0..<half {
            let start = (row * 2 + head) * headDim
            let (a, b) = (start + i, start + i + half)
            let angle = Int(position) * half + i
            let (x, y) = (Double(original[a]), Double(original[b]))
            expected[a] = x * Double(c[angle]) - y * Double(s[angle])
            expected[b] = y * Double(c[angle]) + x * Double(s[angle])
          }
        }
      }
      #expect(zip(x.values, expected).allSatisfy { abs(Double($0) - $1) < 1e-6 })
    }
  }

  @Test(arguments: InstructionSet.distinct)
  func `a soft maximum sums to one and a logarithm undoes it`(set: InstructionSet) {
    let arithmetic = Arithmetic(threads: 1, instructionSet: set)
    var random = SeededGenerator(seed: 5)
    for width in Self.widths + [5_000] {
      let x = FloatSlab(random.floats(width).map { $0 * 10 })
      let numbers = x.values
      let y = FloatSlab(count: width)
      for factor in [Float(1), 0.5, 3] {
        arithmetic.softmax(x.rows(1, width: width), factor: factor, into: y.rows(1, width: width))
        let scaled = numbers.map { Double($0) * Double(factor) }
        let top = scaled.max() ?? 0
        let sum = scaled.reduce(0) { $0 + exp($1 - top) }
        let good = zip(y.values, scaled).allSatisfy { found, number in
          let share = exp(number - top) / sum
          return abs(Double(found) - share) <= 1e-5 * share + 1e-12
        }
        #expect(good)
        let log = arithmetic.logSumExp(
          UnsafeBufferPointer(start: x.base, count: width), factor: factor)
        #expect(abs(Double(log) - (top + Foundation.log(sum))) < 1e-6 * (10 + abs(top)))
      }
    }
  }

  @Test(arguments: InstructionSet.distinct)
  func `distances are sums of absolute differences`(set: InstructionSet) {
    var random = SeededGenerator(seed: 61)
    for (width, count) in [(1, 1), (7, 3), (16, 5), (33, 2), (128, 700), (257, 4)] {
      let arithmetic = Arithmetic(threads: 2, instructionSet: set)
      func numbers(_ count: Int) -> FloatSlab {
        let slab = FloatSlab(count: count)
        for place in 0..<count { slab.base[place] = Float.random(in: -2...2, using: &random) }
        return slab
      }
      let (whole, parts, factors) = (numbers(width), numbers(width * count), numbers(count))
      factors.base[0] = 0
      let out = FloatSlab(count: count)
      arithmetic.distances(
        from: whole.base, to: parts.rows(count, width: width), factors: factors.base,
        into: out.base)
      for part in 0..<count {
        let expected = (0..<width).reduce(0.0) { sum, column in
          let taken = Double(factors.base[part]) * Double(parts.base[part * width + column])
          return sum + abs(Double(whole.base[column]) - taken)
        }
        #expect(abs(Double(out.base[part]) - expected) <= 1e-5 * (1 + expected))
      }
    }
  }

  @Test(arguments: InstructionSet.distinct)
  func `the largest come falling, equals by place`(set: InstructionSet) {
    let arithmetic = Arithmetic(threads: 1, instructionSet: set)
    var random = SeededGenerator(seed: 6)
    for width in [1, 2, 15, 16, 17, 100, 5000, 60_000] {
      // Few distinct numbers, so that there are ties.
      let x = (0..<width).map { _ in Float(Int.random(in: -20...20, using: &random)) }
      let sorted = x.indices.sorted { x[$0] > x[$1] || (x[$0] == x[$1] && $0 < $1) }
      x.withUnsafeBufferPointer { x in
        #expect(arithmetic.argmax(x) == sorted[0])
        for k in [1, 3, 40, 6000] {
          var indices = [Int32](repeating: 0, count: k)
          var values = [Float](repeating: 0, count: k)
          let count = arithmetic.largest(k, of: x, indices: &indices, values: &values)
          #expect(count == min(k, width))
          #expect(indices.prefix(count).map(Int.init) == Array(sorted.prefix(count)))
          #expect(Array(values.prefix(count)) == sorted.prefix(count).map { x[$0] })
        }
      }
    }
  }

  @Test(arguments: InstructionSet.distinct)
  func `what is no number is never among the largest while numbers are left`(set: InstructionSet) {
    let arithmetic = Arithmetic(threads: 1, instructionSet: set)
    var x = [Float](repeating: .nan, count: 5000)
    for place in stride(from: 7, to: 5000, by: 50) { x[place] = Float(place % 13) }
    var indices = [Int32](repeating: 0, count: 100)
    var values = [Float](repeating: 0, count: 100)
    let count = x.withUnsafeBufferPointer {
      arithmetic.largest(100, of: $0, indices: &indices, values: &values)
    }
    #expect(count == 100)
    #expect(Set(indices.map(Int.init)) == Set(stride(from: 7, to: 5000, by: 50)))
    #expect(values == values.sorted(by: >))
  }

  @Test func `no number at all is no crash`() {
    let arithmetic = Arithmetic(threads: 1)
    let none = UnsafeBufferPointer<Float>(start: nil, count: 0)
    #expect(arithmetic.argmax(none) == 0)
    #expect(arithmetic.logSumExp(none) == -.infinity)
    let nan = [Float](repeating: .nan, count: 20)
    nan.withUnsafeBufferPointer { #expect(arithmetic.argmax($0) == 0) }
  }
}
