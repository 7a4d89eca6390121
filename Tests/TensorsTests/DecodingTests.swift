import Foundation
import TestKit
import Testing

@testable import Tensors

/// Decoding against blocks and numbers made by gguf-py and mlx (`Tests/References/blocks`).
@Suite struct DecodingTests {
  struct Golden: CustomTestStringConvertible {
    let testDescription: String
    let matrix: WeightMatrix
    let values: [Float]
  }

  static func golden() throws -> [Golden] {
    let file = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../References/blocks/blocks.txt")
    return try String(contentsOf: file, encoding: .utf8).split(separator: "\n").map { line in
      let fields = line.split(separator: " ").map(String.init)
      let values = try #require(bytes(hex: fields[fields.count - 1]))
      return Golden(
        testDescription: fields.prefix { $0.count < 10 }.joined(separator: " "),
        matrix: try matrix(fields),
        values: stride(from: 0, to: values.count, by: 4).map { at in
          Float(bitPattern: (0..<4).reduce(0) { $0 | UInt32(values[at + $1]) << UInt32(8 * $1) })
        })
    }
  }

  static func matrix(_ fields: [String]) throws -> WeightMatrix {
    let numbers = fields.map { Int($0) ?? 0 }
    switch fields[0] {
    case "affine":
      let (codes, scales, biases) = (
        try Bytes(hex: fields[5]), try Bytes(hex: fields[6]), try Bytes(hex: fields[7])
      )
      let owner = Owners([codes, scales, biases])
      let type = try #require(ElementType.all.first { $0.name == fields[3] })
      return try WeightMatrix(
        affineBits: numbers[1], group: numbers[2], rows: 1, columns: numbers[4],
        codes: codes.buffer, scales: scales.buffer, biases: biases.buffer, scaleType: type,
        owner: owner)
    case "mxfp4":
      let (blocks, scales) = (try Bytes(hex: fields[2]), try Bytes(hex: fields[3]))
      return try WeightMatrix(
        mxfp4Rows: 1, columns: numbers[1], blocks: blocks.buffer, scales: scales.buffer,
        owner: Owners([blocks, scales]))
    default:
      let type = try #require(ElementType.all.first { $0.name == fields[1] })
      let data = try Bytes(hex: fields[3])
      return try WeightMatrix(
        type, rows: 1, columns: numbers[2], bytes: data.buffer, owner: data)
    }
  }

  final class Owners: WeightOwner {
    let parts: [Bytes]
    init(_ parts: [Bytes]) { self.parts = parts }
  }

  @Test(arguments: InstructionSet.distinct)
  func `every type decodes to the numbers its makers decode it to`(set: InstructionSet) throws {
    let arithmetic = Arithmetic(threads: 1, instructionSet: set)
    let golden = try Self.golden()
    #expect(golden.count == ElementType.all.count + 12 + 1)
    for case_ in golden {
      let out = FloatSlab(count: case_.matrix.columns)
      var token: Int32 = 0
      arithmetic.embed(
        case_.matrix, tokens: &token, into: out.rows(1, width: case_.matrix.columns))
      let largest = case_.values.reduce(0) { max($0, abs($1)) }
      // A rounding or two: mlx and the fast kernels multiply and add in one step.
      let good = zip(out.values, case_.values).allSatisfy { abs($0 - $1) <= largest * 2e-7 }
      #expect(good, "\(case_.testDescription)")
    }
  }

  @Test(arguments: Storage.all)
  func `every instruction set decodes to the same numbers as the scalar twin`(
    storage: Storage
  ) throws {
    let columns = 2 * max(storage.block, 32) * 3
    let matrix = try storage.make(5, columns, 3)
    let tokens: [Int32] = [4, 0, 2, 2, 1, 3]
    let results = InstructionSet.distinct.map { set in
      let out = FloatSlab(count: tokens.count * columns)
      Arithmetic(threads: 2, instructionSet: set).embed(
        matrix, tokens: tokens, into: out.rows(tokens.count, width: columns))
      return out.values
    }
    for result in results.dropFirst() {
      #expect(zip(result, results[0]).allSatisfy { abs($0 - $1) <= abs($1) * 1e-6 + 1e-6 })
    }
  }
}
