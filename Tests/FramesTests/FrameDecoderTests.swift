import TestKit
import Testing

@testable import Frames

@Suite struct FrameDecoderTests {
  @Test func `the golden frames are there`() {
    #expect(GoldenFrames.all.valid.count >= 18)
    #expect(GoldenFrames.all.invalid.count >= 20)
  }

  @Test(arguments: GoldenFrames.all.valid)
  func `a golden frame says what its vector says`(vector: GoldenFrames.Valid) throws {
    let frame = try FrameBytes(checking: #require(bytes(hex: vector.bytes)))
    let description = frame.frame
    #expect(description.elementType.name == vector.dtype)
    #expect(description.codec.name == vector.codec)
    #expect(description.shape == vector.shape)
    #expect(description.kind.rawValue == vector.kind)
    #expect(description.flags.rawValue == vector.flags)
    #expect(description.component.rawValue == vector.component)
    #expect(description.sequence == vector.seq)
    #expect(description.step == vector.step)
    #expect(description.firstPosition == vector.first)
    #expect(description.positionStride == vector.stride)
    #expect(description.hookIndex == vector.hook)
    #expect(description.layer ?? -1 == vector.layer)
    #expect(frame.payloadOffset % 8 == 0)
    #expect(frame.count % 8 == 0)
    if description.elementType == .uint32 {
      #expect(try frame.indices() == vector.patterns)
    } else {
      #expect(try frame.values().map(\.bitPattern) == vector.patterns)
    }
  }

  @Test(arguments: GoldenFrames.all.invalid)
  func `an impossible frame is refused for its own reason`(vector: GoldenFrames.Invalid) throws {
    let data = try #require(bytes(hex: vector.bytes))
    let limits = FrameLimits(tensorBytes: 1 << 20)
    let error = #expect(throws: FrameError.self) {
      let frame = try FrameBytes(checking: data, limits: limits)
      _ = try frame.values()
    }
    let name = String("\(try #require(error))".prefix { $0 != "(" })
    #expect(name == vector.error)
  }

  @Test func `frames without a gap are read whole, byte by byte, and with an unfinished tail`()
    throws
  {
    let all = try GoldenFrames.all.valid.flatMap { try #require(bytes(hex: $0.bytes)) }
    let expected = try GoldenFrames.all.valid.map { try #require(bytes(hex: $0.bytes)) }
    let tail = Array(all.prefix(70))
    for piece in [all.count, 1, 7, 4096] {
      var decoder = FrameDecoder()
      var found: [[UInt8]] = []
      for start in stride(from: 0, to: all.count, by: piece) {
        decoder.receive(Array(all[start..<min(start + piece, all.count)]))
        while let frame = try decoder.next() { found.append(frame.bytes) }
      }
      #expect(found == expected)
      try decoder.finish()
      decoder.receive(tail)
      #expect(try decoder.next() == nil)
      #expect(throws: FrameError.truncated(expected: 64, found: 70)) { try decoder.finish() }
    }
  }

  @Test func `an impossible length is refused from the header, before the rest is waited for`()
    throws
  {
    let vector = try #require(GoldenFrames.all.invalid.first { $0.name == "over-the-limit" })
    var decoder = FrameDecoder(limits: FrameLimits(tensorBytes: 1 << 20))
    decoder.receive(try Array(#require(bytes(hex: vector.bytes)).prefix(72)))
    let refusal = FrameError.limit(bytes: 1 << 33, allowed: 1 << 20)
    #expect(throws: refusal) { try decoder.next() }
    decoder.receive([0])
    #expect(throws: refusal) { try decoder.next() }
    #expect(throws: refusal) { try decoder.finish() }
  }

  @Test func `a wrong first byte is refused at once`() {
    var decoder = FrameDecoder()
    decoder.receive(Array("NSX".utf8))
    #expect(throws: FrameError.magic(found: 0x58_534e)) { try decoder.next() }
  }

  @Test func `every flipped bit of a frame is noticed`() throws {
    for name in ["odd-length", "waves-bf16-planes", "every-field"] {
      let vector = try #require(GoldenFrames.all.valid.first { $0.name == name })
      let good = try #require(bytes(hex: vector.bytes))
      for place in good.indices {
        for bit in 0..<8 {
          var bad = good
          bad[place] ^= 1 << UInt8(bit)
          #expect(throws: FrameError.self) { try FrameBytes(checking: bad) }
        }
      }
    }
  }

  @Test func `mutated frames with a mended checksum are decoded or refused, never trapped on`()
    throws
  {
    var generator = SeededGenerator(seed: 11)
    let seeds = try GoldenFrames.all.valid.map { try #require(bytes(hex: $0.bytes)) }
    let limits = FrameLimits(tensorBytes: 1 << 20)
    for _ in 0..<4000 {
      var data = seeds.randomElement(using: &generator) ?? []
      for _ in 0..<Int.random(in: 1...6, using: &generator) {
        let place = Int.random(in: 4..<data.count, using: &generator)
        data[place] =
          [0, 1, 0xff, 0x80, UInt8.random(in: 0...255, using: &generator)]
          .randomElement(using: &generator) ?? 0
      }
      let sum = data.withUnsafeBytes { FrameDecoder.checksum($0) }
      for place in 0..<4 { data[56 + place] = UInt8(truncatingIfNeeded: sum >> UInt32(8 * place)) }
      guard let frame = try? FrameBytes(checking: data, limits: limits) else { continue }
      _ = try? frame.values()
      _ = try? frame.indices()
    }
  }
}
