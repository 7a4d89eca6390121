/// A reusable compressor: its memory is allocated once, each call starts afresh.
///
/// - Isolation: belongs to one thread at a time; keep one per worker, not one per connection.
package final class Deflater {
  package let settings: DeflateSettings
  private let stream: Zlib.Deflate
  /// Output passes through here when its final size is unknown.
  private var scratch: [UInt8]

  /// Allocates the state.
  package init(_ settings: DeflateSettings) throws(CompressionError) {
    self.settings = settings
    stream = try Zlib.Deflate(settings)
    scratch = [UInt8](repeating: 0, count: 16 << 10)
  }

  /// Compresses into memory of the caller; nil when the result does not fit, as for data that does not shrink.
  package func compress(
    _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer
  ) throws(CompressionError) -> Int? {
    stream.reset()
    var read = 0
    var written = 0
    while true {
      let rest = UnsafeRawBufferPointer(rebasing: input[read...])
      let step = stream.step(
        rest, UnsafeMutableRawBufferPointer(rebasing: output[written...]), .finish)
      read += step.consumed
      written += step.produced
      switch step.outcome {
      case .end: return written
      case .outOfMemory: throw .outOfMemory
      case .corrupt: throw .settings
      case .more:
        if step.consumed == 0 && step.produced == 0 || written == output.count { return nil }
      }
    }
  }

  /// Compresses a whole input and appends the result.
  package func compress(
    _ input: UnsafeRawBufferPointer, appendingTo output: inout [UInt8]
  ) throws(CompressionError) {
    try run(input, flush: .finish, appendingTo: &output)
  }

  /// Compresses a whole input.
  package func compress(_ input: [UInt8]) throws(CompressionError) -> [UInt8] {
    var output: [UInt8] = []
    try lend(input) { bytes throws(CompressionError) in
      try run(bytes, flush: .finish, appendingTo: &output)
    }
    return output
  }

  /// Compresses one message of permessage-deflate, which knows nothing of earlier ones.
  ///
  /// Ends at a byte border by an empty stored block whose constant tail `00 00 FF FF` is left out.
  /// - Standard: RFC 7692, section 7.2.1. Needs the raw format.
  package func compressMessage(
    _ input: UnsafeRawBufferPointer, appendingTo output: inout [UInt8]
  ) throws(CompressionError) {
    let start = output.count
    try run(input, flush: .sync, appendingTo: &output)
    if output.count - start >= 4, output.suffix(4).elementsEqual([0x00, 0x00, 0xff, 0xff]) {
      output.removeLast(4)
    }
    // An empty message is the one byte of an empty block's beginning.
    if output.count == start { output.append(0) }
  }

  private func run(
    _ input: UnsafeRawBufferPointer, flush: Zlib.Flush, appendingTo output: inout [UInt8]
  ) throws(CompressionError) {
    stream.reset()
    var read = 0
    while true {
      let rest = UnsafeRawBufferPointer(rebasing: input[read...])
      let step = scratch.withUnsafeMutableBytes { stream.step(rest, $0, flush) }
      read += step.consumed
      scratch.withUnsafeBytes { output.append(contentsOf: $0[..<step.produced]) }
      switch step.outcome {
      case .end: return
      case .outOfMemory: throw .outOfMemory
      case .corrupt: throw .settings
      case .more:
        // A sync flush is complete once it leaves room; a finish says so itself.
        if flush == .sync && step.produced < scratch.count && read == input.count { return }
      }
    }
  }
}

/// Lends an array's bytes to a body that throws typed errors.
func lend<Value>(
  _ bytes: [UInt8], _ body: (UnsafeRawBufferPointer) throws(CompressionError) -> Value
) throws(CompressionError) -> Value {
  let result = bytes.withUnsafeBytes { buffer -> Result<Value, CompressionError> in
    do throws(CompressionError) { return .success(try body(buffer)) } catch {
      return .failure(error)
    }
  }
  return try result.get()
}
