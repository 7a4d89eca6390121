internal import CZlib

/// The only file that calls zlib: two owned streams and the checksum.
///
/// zlib keeps a pointer back to the `z_stream` it was given, so a stream lives at one heap address for all
/// of its life; each class below owns one and ends it in `deinit`.
enum Zlib {
  /// What a step of a stream came to.
  struct Step {
    var consumed: Int
    var produced: Int
    var outcome: Outcome
  }

  enum Outcome {
    /// Progress was made, or more room or input is needed.
    case more
    /// The end mark was written or read.
    case end
    case corrupt
    case outOfMemory
  }

  enum Flush {
    case none, sync, finish

    var code: Int32 {
      switch self {
      case .none: Z_NO_FLUSH
      case .sync: Z_SYNC_FLUSH
      case .finish: Z_FINISH
      }
    }
  }

  /// The window argument of zlib, in which the sign and an offset say the format.
  static func windowArgument(_ bits: Int, _ format: DeflateFormat) -> Int32 {
    switch format {
    case .raw: Int32(-bits)
    case .zlib: Int32(bits)
    case .gzip: Int32(bits + 16)
    }
  }

  /// Runs one call with as much as its 32-bit counters allow.
  private static func step(
    _ stream: UnsafeMutablePointer<z_stream>, _ input: UnsafeRawBufferPointer,
    _ output: UnsafeMutableRawBufferPointer, _ call: (UnsafeMutablePointer<z_stream>) -> Int32
  ) -> Step {
    let offered = min(input.count, Int(UInt32.max) >> 1)
    let room = min(output.count, Int(UInt32.max) >> 1)
    // zlib wants non-null pointers even where nothing is to be read or written.
    var nothing: UInt8 = 0
    return withUnsafeMutablePointer(to: &nothing) { spare in
      stream.pointee.next_in = UnsafeMutablePointer(
        mutating: input.baseAddress?.assumingMemoryBound(to: UInt8.self) ?? UnsafePointer(spare))
      stream.pointee.avail_in = UInt32(offered)
      stream.pointee.next_out =
        output.baseAddress?.assumingMemoryBound(to: UInt8.self) ?? spare
      stream.pointee.avail_out = UInt32(room)
      let code = call(stream)
      let outcome: Outcome =
        switch code {
        case Z_OK, Z_BUF_ERROR: .more
        case Z_STREAM_END: .end
        case Z_MEM_ERROR: .outOfMemory
        default: .corrupt
        }
      return Step(
        consumed: offered - Int(stream.pointee.avail_in),
        produced: room - Int(stream.pointee.avail_out), outcome: outcome)
    }
  }

  /// An owned compressing stream.
  final class Deflate {
    private let stream: UnsafeMutablePointer<z_stream>

    init(_ settings: DeflateSettings) throws(CompressionError) {
      guard (9...15).contains(settings.windowBits), (1...9).contains(settings.memoryLevel),
        (0...9).contains(settings.level)
      else { throw .settings }
      let strategy =
        switch settings.strategy {
        case .standard: Z_DEFAULT_STRATEGY
        case .huffmanOnly: Z_HUFFMAN_ONLY
        case .runLength: Z_RLE
        }
      stream = .allocate(capacity: 1)
      stream.initialize(to: z_stream())
      let code = deflateInit2_(
        stream, Int32(settings.level), Z_DEFLATED,
        Zlib.windowArgument(settings.windowBits, settings.format), Int32(settings.memoryLevel),
        strategy, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
      guard code == Z_OK else { throw code == Z_MEM_ERROR ? .outOfMemory : .settings }
    }

    deinit {
      deflateEnd(stream)
      stream.deallocate()
    }

    func reset() { deflateReset(stream) }

    func step(
      _ input: UnsafeRawBufferPointer, _ output: UnsafeMutableRawBufferPointer, _ flush: Flush
    ) -> Step {
      Zlib.step(stream, input, output) { deflate($0, flush.code) }
    }
  }

  /// An owned expanding stream.
  final class Inflate {
    private let stream: UnsafeMutablePointer<z_stream>

    init(_ format: DeflateFormat, windowBits: Int) throws(CompressionError) {
      guard (8...15).contains(windowBits) else { throw .settings }
      stream = .allocate(capacity: 1)
      stream.initialize(to: z_stream())
      let code = inflateInit2_(
        stream, Zlib.windowArgument(windowBits, format), ZLIB_VERSION,
        Int32(MemoryLayout<z_stream>.size))
      guard code == Z_OK else { throw code == Z_MEM_ERROR ? .outOfMemory : .settings }
    }

    deinit {
      inflateEnd(stream)
      stream.deallocate()
    }

    func reset() { inflateReset(stream) }

    func step(
      _ input: UnsafeRawBufferPointer, _ output: UnsafeMutableRawBufferPointer
    ) -> Step {
      Zlib.step(stream, input, output) { inflate($0, Z_NO_FLUSH) }
    }
  }

  /// Over bytes that are to be compressed (RFC 1950, section 8.2).
  static func adler32(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
    guard let base = bytes.baseAddress else { return 1 }
    return UInt32(
      truncatingIfNeeded: adler32_z(1, base.assumingMemoryBound(to: UInt8.self), bytes.count))
  }

  static func crc32(_ seed: UInt32, _ bytes: UnsafeRawBufferPointer) -> UInt32 {
    guard let base = bytes.baseAddress else { return seed }
    return UInt32(
      truncatingIfNeeded: crc32_z(
        UInt(seed), base.assumingMemoryBound(to: UInt8.self), bytes.count))
  }
}
