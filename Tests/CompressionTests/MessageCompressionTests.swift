import TestKit
import Testing

@testable import Compression

/// The examples of RFC 7692, section 7.2.3, and messages of our own.
@Suite struct MessageCompressionTests {
  @Test(arguments: [
    "f248cdc9c90700",  // 7.2.3.1, fixed codes
    "000500faff48656c6c6f00",  // 7.2.3.3, a stored block
    "f348cdc9c9070000",  // 7.2.3.4, a final block inside
    "f248050000 00ffff cac9c90700",  // 7.2.3.5, two blocks
  ])
  func `the examples of the standard say Hello`(hex: String) throws {
    let message = try #require(bytes(hex: hex))
    let inflater = try Inflater(.raw)
    for piece in [message.count, 1] {
      var text: [UInt8] = []
      inflater.beginMessage()
      for start in stride(from: 0, to: message.count, by: piece) {
        try message[start..<min(start + piece, message.count)].withUnsafeBytes {
          try inflater.continueMessage($0, limit: 100, appendingTo: &text)
        }
      }
      try inflater.endMessage(limit: 100, appendingTo: &text)
      #expect(String(decoding: text, as: UTF8.self) == "Hello")
    }
  }

  @Test(arguments: [9, 12, 15])
  func `messages survive each window and know nothing of each other`(window: Int) throws {
    let deflater = try Deflater(DeflateSettings(.raw, windowBits: window))
    // A sender that promised 8 bits uses 9: zlib never looks back further than 250 bytes then.
    let inflater = try Inflater(.raw, windowBits: window == 9 ? 8 : window)
    for input in DeflaterTests.inputs {
      var packed: [UInt8] = []
      try input.withUnsafeBytes { try deflater.compressMessage($0, appendingTo: &packed) }
      var output: [UInt8] = []
      inflater.beginMessage()
      try packed.withUnsafeBytes {
        try inflater.continueMessage($0, limit: 1 << 20, appendingTo: &output)
      }
      try inflater.endMessage(limit: 1 << 20, appendingTo: &output)
      #expect(output == input)
    }
  }

  @Test func `a message over the limit stops at the limit`() throws {
    let deflater = try Deflater(DeflateSettings(.raw))
    var packed: [UInt8] = []
    try [UInt8](repeating: 0, count: 1 << 20).withUnsafeBytes {
      try deflater.compressMessage($0, appendingTo: &packed)
    }
    let inflater = try Inflater(.raw)
    var output: [UInt8] = []
    inflater.beginMessage()
    #expect(throws: CompressionError.outputLimit(1000)) {
      try packed.withUnsafeBytes {
        try inflater.continueMessage($0, limit: 1000, appendingTo: &output)
      }
    }
    #expect(output.count <= 1000)
  }
}
