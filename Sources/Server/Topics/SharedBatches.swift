import Synchronization

/// The bytes of neighbouring items, joined once for all viewers that are at the same place.
///
/// Nearly all viewers of a run are at its end, so what one of them takes, the others take as well. The last few batches
/// are kept, and a viewer then costs no work for each item but one piece of memory, shared with all others.
final class SharedBatches: Sendable {
  private struct Batch: Sendable {
    var items: [TopicItem]
    var bytes: [UInt8]
  }

  /// Batches kept for each shape: viewers that take several in a row must find the first again.
  private static let kept = 4
  /// Items that weigh more together are not worth a copy.
  private static let heaviest = 128 << 10

  private let batches = Mutex<[StreamShape: [Batch]]>([:])
  private let budget: ByteBudget?

  init(budget: ByteBudget?) {
    self.budget = budget
  }

  deinit { forget() }

  /// The bytes of items in pieces: one, unless they are so large that each is better sent as it is.
  ///
  /// While one viewer's thread joins, others wait for the same bytes instead of making them again.
  func pieces(of items: [TopicItem], as shape: StreamShape) -> [[UInt8]] {
    let weight = items.reduce(0) { $0 + $1.cost }
    guard weight <= Self.heaviest else { return items.flatMap { shape.pieces(of: $0) } }
    return batches.withLock { batches in
      var own = batches[shape] ?? []
      if let known = own.first(where: { $0.items.elementsEqual(items, by: ===) }) {
        return [known.bytes]
      }
      var bytes: [UInt8] = []
      bytes.reserveCapacity(weight)
      for item in items {
        for piece in shape.pieces(of: item) { bytes += piece }
      }
      if own.count == Self.kept { budget?.subtract(own.removeFirst().bytes.count) }
      own.append(Batch(items: items, bytes: bytes))
      budget?.add(bytes.count)
      batches[shape] = own
      return [bytes]
    }
  }

  /// Lets all batches go, when nobody looks on.
  func forget() {
    batches.withLock { batches in
      let count = batches.values.joined().reduce(0) { $0 + $1.bytes.count }
      budget?.subtract(count)
      batches = [:]
    }
  }
}
