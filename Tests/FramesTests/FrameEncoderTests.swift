import TestKit
import Testing

@testable import Frames

@Suite struct FrameEncoderTests {
  static let types: [FrameElementType] = [.float32, .float16, .bfloat16, .int8Blocks]

  /// Rows of a residual stream: channels of very different size, as models have them.
  static func activations(rows: Int, channels: Int) -> [Float] {
    var generator = SeededGenerator(seed: 5)
    return (0..<rows * channels).map { generator.normal() * ($0 % channels % 97 == 3 ? 60 : 0.7) }
  }

  @Test(
    arguments: GoldenFrames.all.valid.filter { $0.codec == "raw" && $0.name != "longer-header" })
  func `the encoder makes the golden bytes`(vector: GoldenFrames.Valid) throws {
    let golden = try FrameBytes(checking: #require(bytes(hex: vector.bytes)))
    let encoder = try FrameEncoder()
    if golden.frame.elementType == .uint32 {
      #expect(try encoder.encode(indices: vector.patterns, as: golden.frame).bytes == golden.bytes)
    } else if !vector.name.hasPrefix("edge") || vector.dtype == "f32" {
      let values = vector.patterns.map { Float(bitPattern: $0) }
      #expect(try encoder.encode(values, as: golden.frame).bytes == golden.bytes)
    }
  }

  @Test func `edge values are rounded as the golden frames have them`() throws {
    let exact = try #require(GoldenFrames.all.valid.first { $0.name == "edge-f32-raw" })
    let values = exact.patterns.map { Float(bitPattern: $0) }
    let encoder = try FrameEncoder()
    for vector in GoldenFrames.all.valid where vector.name.hasPrefix("edge") {
      let golden = try FrameBytes(checking: #require(bytes(hex: vector.bytes)))
      let made = try encoder.encode(values, as: golden.frame)
      #expect(made.bytes == golden.bytes, "\(vector.name)")
    }
  }

  @Test(arguments: types, FrameCodec.allCases)
  func `a frame gives back its numbers within its type's precision`(
    type: FrameElementType, codec: FrameCodec
  ) throws {
    let encoder = try FrameEncoder()
    for count in [0, 1, 7, 8, 15, 16, 17, 31, 32, 33, 255, 257, 2048] {
      let values = Self.activations(rows: 3, channels: count)
      let description = TensorFrame(elementType: type, codec: codec, shape: [3, count])
      let frame = try encoder.encode(values, as: description)
      let found = try FrameBytes(checking: frame.bytes).values()
      #expect(found.count == values.count)
      for (index, (value, got)) in zip(values, found).enumerated() {
        let bound: Float =
          switch type {
          case .float32: 0
          case .float16: abs(value) / 2048 + 1e-7
          case .bfloat16: abs(value) / 256
          default:
            values[(index / count * count + index % count / 32 * 32)...].prefix(
              min(32, count - index % count / 32 * 32)
            ).map(abs).max().map { $0 / 250 } ?? 0
          }
        #expect(abs(value - got) <= bound)
      }
    }
  }

  @Test func `bfloat16 in planes takes about a third of single precision`() throws {
    let values = Self.activations(rows: 4, channels: 2048)
    let frame = try FrameEncoder().encode(values, as: TensorFrame(shape: [4, 2048]))
    #expect(frame.frame.codec == .planes)
    #expect(frame.count < values.count * 4 * 36 / 100)
  }

  @Test func `packing that saves nothing is left out and the header says raw`() throws {
    var generator = SeededGenerator(seed: 6)
    let noise = (0..<1000).map { _ in UInt32(truncatingIfNeeded: generator.next()) }
    let encoder = try FrameEncoder()
    for codec in [FrameCodec.deflate, .planes] {
      let frame = try encoder.encode(indices: noise, as: TensorFrame(codec: codec, shape: [1000]))
      #expect(frame.frame.codec == .raw)
      #expect(try frame.indices() == noise)
    }
  }

  @Test func `a reused encoder gives equal bytes for equal numbers`() throws {
    let encoder = try FrameEncoder()
    let values = Self.activations(rows: 2, channels: 300)
    for type in Self.types {
      let description = TensorFrame(elementType: type, sequence: 9, shape: [2, 300])
      let once = try encoder.encode(values, as: description).bytes
      _ = try encoder.encode(Array(values.reversed()), as: description)
      #expect(try encoder.encode(values, as: description).bytes == once)
    }
  }

  @Test func `a description that does not fit the numbers is refused`() throws {
    let encoder = try FrameEncoder()
    #expect(throws: FrameError.elementCount(expected: 6, found: 5)) {
      try encoder.encode([Float](repeating: 0, count: 5), as: TensorFrame(shape: [2, 3]))
    }
    #expect(throws: FrameError.elementType(.uint32)) {
      try encoder.encode([0 as Float], as: TensorFrame(elementType: .uint32, shape: [1]))
    }
    #expect(throws: FrameError.shape([-1])) {
      try encoder.encode([Float](), as: TensorFrame(shape: [-1]))
    }
    let deep = [Int](repeating: 1, count: 17)
    #expect(throws: FrameError.shape(deep)) {
      try encoder.encode([0 as Float], as: TensorFrame(shape: deep))
    }
  }

  @Test func `every half and every bfloat16 survives being widened and narrowed`() {
    let all = (0...UInt16.max).map { $0 }
    let bytes = all.withUnsafeBytes { Array($0) }
    for isHalf in [true, false] {
      var wide = [Float](repeating: 0, count: all.count)
      var narrow = [UInt16](repeating: 0, count: all.count)
      bytes.withUnsafeBytes { source in
        wide.withUnsafeMutableBufferPointer {
          isHalf ? Conversions.widenHalf(source, to: $0) : Conversions.widenBrain(source, to: $0)
        }
      }
      wide.withUnsafeBufferPointer { source in
        narrow.withUnsafeMutableBytes {
          isHalf
            ? Conversions.narrowHalf(source, to: $0) : Conversions.narrowBrain(source, to: $0)
        }
      }
      for (index, value) in wide.enumerated() where !value.isNaN {
        #expect(narrow[index] == all[index])
        if isHalf { #expect(value == Float(Float16(bitPattern: all[index]))) }
      }
    }
  }

  @Test func `narrowing agrees with the language's own half on random singles`() {
    var generator = SeededGenerator(seed: 8)
    let values = (0..<20_000).map { _ in
      Float(bitPattern: UInt32(truncatingIfNeeded: generator.next()) % 0x4800_0000)
    }
    var narrow = [UInt16](repeating: 0, count: values.count)
    values.withUnsafeBufferPointer { source in
      narrow.withUnsafeMutableBytes { Conversions.narrowHalf(source, to: $0) }
    }
    for (value, half) in zip(values, narrow) {
      #expect(half == Float16(value).bitPattern)
    }
  }
}
