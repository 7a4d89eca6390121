/// A reusable expander.
///
/// Every call says how much may come out, so a bomb costs its limit and no more.
///
/// - Isolation: belongs to one thread at a time.
package final class Inflater {
  private let stream: Zlib.Inflate
  private var scratch: [UInt8]
  /// Whether the last block of the current message was its stream's final one.
  private var atStreamEnd = false

  /// Allocates the state; the window itself comes with the first call that needs one.
  package init(_ format: DeflateFormat, windowBits: Int = 15) throws(CompressionError) {
    stream = try Zlib.Inflate(format, windowBits: windowBits)
    scratch = [UInt8](repeating: 0, count: 16 << 10)
  }

  /// Expands a whole input that has to fill the output exactly.
  package func expand(
    _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer
  ) throws(CompressionError) {
    stream.reset()
    var read = 0
    var written = 0
    var spill: (UInt8, UInt8) = (0, 0)
    while true {
      let rest = UnsafeRawBufferPointer(rebasing: input[read...])
      let room = UnsafeMutableRawBufferPointer(rebasing: output[written...])
      // With the output full, a little spare room shows whether the input wants to say more.
      let isFull = room.isEmpty
      let step =
        isFull
        ? withUnsafeMutableBytes(of: &spill) { stream.step(rest, $0) } : stream.step(rest, room)
      if isFull && step.produced > 0 { throw .outputLimit(output.count) }
      read += step.consumed
      written += step.produced
      switch step.outcome {
      case .end:
        guard written == output.count else {
          throw .outputSize(expected: output.count, found: written)
        }
        guard read == input.count else { throw .trailingBytes(count: input.count - read) }
        return
      case .outOfMemory: throw .outOfMemory
      case .corrupt: throw .corrupt(offset: read)
      case .more:
        if step.consumed == 0 && step.produced == 0 && (isFull || read == input.count) {
          throw .truncated(inputBytes: input.count)
        }
      }
    }
  }

  /// Expands a whole input of unknown size.
  package func expand(
    _ input: UnsafeRawBufferPointer, limit: Int
  ) throws(CompressionError) -> [UInt8] {
    var output: [UInt8] = []
    stream.reset()
    let (read, ended) = try feed(input, limit: limit, appendingTo: &output)
    guard ended else { throw .truncated(inputBytes: input.count) }
    guard read == input.count else { throw .trailingBytes(count: input.count - read) }
    return output
  }

  /// Expands a whole input of unknown size.
  package func expand(_ input: [UInt8], limit: Int) throws(CompressionError) -> [UInt8] {
    try lend(input) { bytes throws(CompressionError) in try expand(bytes, limit: limit) }
  }

  /// Begins a message of permessage-deflate without context takeover.
  package func beginMessage() {
    stream.reset()
    atStreamEnd = false
  }

  /// Expands the next piece of a message.
  ///
  /// - Parameter limit: bytes the whole `output` may reach.
  /// - Standard: RFC 7692, section 7.2.2; blocks marked final inside a message are allowed (7.2.3.4).
  package func continueMessage(
    _ input: UnsafeRawBufferPointer, limit: Int, appendingTo output: inout [UInt8]
  ) throws(CompressionError) {
    var rest = input
    while !rest.isEmpty {
      if atStreamEnd {
        stream.reset()
        atStreamEnd = false
      }
      let (read, ended) = try feed(rest, limit: limit, appendingTo: &output)
      atStreamEnd = ended
      rest = UnsafeRawBufferPointer(rebasing: rest[read...])
    }
  }

  /// Expands the next piece of a message.
  package func continueMessage(
    _ input: [UInt8], limit: Int, appendingTo output: inout [UInt8]
  ) throws(CompressionError) {
    try lend(input) { bytes throws(CompressionError) in
      try continueMessage(bytes, limit: limit, appendingTo: &output)
    }
  }

  /// Ends a message: supplies the tail its sender left out.
  package func endMessage(limit: Int, appendingTo output: inout [UInt8]) throws(CompressionError) {
    try continueMessage([0x00, 0x00, 0xff, 0xff], limit: limit, appendingTo: &output)
  }

  /// Feeds input until it is used up or its stream ends.
  private func feed(
    _ input: UnsafeRawBufferPointer, limit: Int, appendingTo output: inout [UInt8]
  ) throws(CompressionError) -> (read: Int, ended: Bool) {
    var read = 0
    while true {
      let rest = UnsafeRawBufferPointer(rebasing: input[read...])
      let step = scratch.withUnsafeMutableBytes { stream.step(rest, $0) }
      read += step.consumed
      // What fits is kept, so that the output at an error does not depend on how the input was cut.
      let kept = min(step.produced, max(0, limit - output.count))
      scratch.withUnsafeBytes { output.append(contentsOf: $0[..<kept]) }
      guard kept == step.produced else { throw .outputLimit(limit) }
      switch step.outcome {
      case .end: return (read, true)
      case .outOfMemory: throw .outOfMemory
      case .corrupt: throw .corrupt(offset: read)
      case .more: if read == input.count && step.produced < scratch.count { return (read, false) }
      }
      if step.consumed == 0 && step.produced == 0 { return (read, false) }
    }
  }
}
