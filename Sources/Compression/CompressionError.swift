/// Why bytes could not be compressed or expanded.
package enum CompressionError: Error, Hashable, Sendable {
  /// The input is not what its format says; the offset is where the library gave up, in input bytes.
  case corrupt(offset: Int)
  /// The input ends before its end mark.
  case truncated(inputBytes: Int)
  /// Bytes follow the end mark.
  case trailingBytes(count: Int)
  /// The output would exceed what the caller allows: a mistake, or an inflation bomb.
  case outputLimit(Int)
  /// The output ended short of what the caller was promised.
  case outputSize(expected: Int, found: Int)
  /// The library has no memory for its state.
  case outOfMemory
  /// The library refuses the settings.
  case settings
}
