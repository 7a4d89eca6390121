/// What is put around a deflate stream.
package enum DeflateFormat: Hashable, Sendable {
  /// Nothing (RFC 1951): WebSocket messages, ZIP entries.
  case raw
  /// Two bytes before and an Adler-32 after (RFC 1950); what HTTP and browsers call `deflate`.
  case zlib
  /// Header and CRC-32 (RFC 1952).
  case gzip
}

/// How a deflater searches.
package struct DeflateSettings: Hashable, Sendable {
  /// Which repetitions are looked for.
  package enum Strategy: Hashable, Sendable {
    /// Any within the window.
    case standard
    /// None: bytes are only given codes by their frequency. Best for floating-point exponents, where match
    /// search finds nothing but costs most of the time.
    case huffmanOnly
    /// Only runs of one byte.
    case runLength
  }

  package var format: DeflateFormat
  /// From 0 (store) to 9 (slowest).
  package var level: Int
  package var strategy: Strategy
  /// The window as a power of two, 9…15; it costs 2^(bits+2) bytes a stream.
  package var windowBits: Int
  /// 1…9; the hash tables cost 2^(level+9) bytes a stream.
  package var memoryLevel: Int

  package init(
    _ format: DeflateFormat, level: Int = 1, strategy: Strategy = .standard, windowBits: Int = 15,
    memoryLevel: Int = 8
  ) {
    self.format = format
    self.level = level
    self.strategy = strategy
    self.windowBits = windowBits
    self.memoryLevel = memoryLevel
  }
}
