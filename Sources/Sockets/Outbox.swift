/// Bytes on their way to one peer, bounded, with a cursor over what is half written.
///
/// Holds references: a payload that a thousand peers are to get exists once. A value that lives
/// inside its connection, so it needs no lock.
package struct Outbox: Sendable {
  /// How many bytes may wait before offers are refused.
  package let limit: Int
  /// How many bytes wait.
  package private(set) var byteCount = 0
  private var pieces: [[UInt8]] = []
  /// The first piece not wholly written.
  private var head = 0
  /// How much of it is written.
  private var written = 0
  private var isClosed = false

  /// Makes an empty outbox.
  package init(limit: Int) {
    self.limit = limit
  }

  /// Whether nothing waits.
  package var isEmpty: Bool { byteCount == 0 }
  /// How many more bytes are taken without refusal.
  package var room: Int { max(0, limit - byteCount) }

  /// Takes pieces that belong together, all or none; never waits.
  ///
  /// A parcel larger than the limit is taken by an outbox below its limit, or it could never be sent.
  package mutating func offer(_ parcel: [UInt8]...) -> Offer { offer(parcel) }

  /// Takes pieces that belong together, all or none; never waits.
  package mutating func offer(_ parcel: [[UInt8]]) -> Offer {
    if isClosed { return .closed }
    guard byteCount < limit else { return .dropped }
    append(parcel)
    return .queued
  }

  /// Takes pieces whatever the limit: what completes something begun.
  ///
  /// Whoever appends looks at `room` before the next beginning.
  package mutating func append(_ parcel: [[UInt8]]) {
    guard !isClosed else { return }
    for piece in parcel where !piece.isEmpty {
      pieces.append(piece)
      byteCount += piece.count
    }
  }

  /// Takes nothing more and forgets what waits.
  package mutating func close() {
    isClosed = true
    byteCount = 0
    pieces = []
    head = 0
    written = 0
  }

  /// Lends the next pieces, at most `count` of them, for one gathering write.
  package func withNext<Value>(
    _ count: Int = 64, _ body: ([UnsafeRawBufferPointer]) -> Value
  ) -> Value {
    var lent: [UnsafeRawBufferPointer] = []
    lent.reserveCapacity(min(count, pieces.count - head))
    return lend(head, through: min(pieces.count, head + count), &lent, body)
  }

  /// Lends one piece more and goes on, so that all stay lent while the body runs.
  private func lend<Value>(
    _ index: Int, through end: Int, _ lent: inout [UnsafeRawBufferPointer],
    _ body: ([UnsafeRawBufferPointer]) -> Value
  ) -> Value {
    guard index < end else { return body(lent) }
    return pieces[index].withUnsafeBytes { bytes in
      let rest = index == head ? written : 0
      lent.append(UnsafeRawBufferPointer(rebasing: bytes[rest...]))
      return lend(index + 1, through: end, &lent, body)
    }
  }

  /// Notes that so many bytes have been written.
  package mutating func advance(by count: Int) {
    var left = min(count, byteCount)
    byteCount -= left
    while head < pieces.count, left >= pieces[head].count - written {
      left -= pieces[head].count - written
      written = 0
      pieces[head] = []
      head += 1
    }
    written += left
    guard head == pieces.count || head > 256 else { return }
    pieces.removeFirst(head)
    head = 0
  }
}
