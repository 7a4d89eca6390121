import DequeModule
import Synchronization

/// Neighbouring items, and the bytes that are made of them once for all viewers that take them.
///
/// Nearly all viewers of a run are at its end, so what one of them takes, the others take as well: each then costs no
/// work for each item, but one piece of memory that it shares with all others.
package final class TopicBatch: Sendable {
  /// The items, in order of their numbers; none where a viewer only missed some.
  package let items: [TopicItem]
  /// Bytes the items count for.
  let cost: Int

  private let budget: ByteBudget?
  private let made = Mutex<[StreamShape: [[UInt8]]]>([:])
  private let madeByteCount = Atomic(0)

  init(_ items: [TopicItem], budget: ByteBudget?) {
    self.items = items
    cost = items.reduce(0) { $0 + $1.cost }
    self.budget = budget
  }

  deinit { budget?.subtract(madeByteCount.load(ordering: .relaxed)) }

  /// The bytes for viewers that want a shape.
  ///
  /// While one viewer's thread makes them, others wait for the same bytes instead of making them again.
  package func pieces(as shape: StreamShape) -> [[UInt8]] {
    made.withLock { made in
      if let known = made[shape] { return known }
      var pieces = StreamPieces(capacity: cost)
      for item in items { shape.write(item, to: &pieces) }
      let all = pieces.all()
      budget?.add(pieces.madeByteCount)
      madeByteCount.add(pieces.madeByteCount, ordering: .relaxed)
      made[shape] = all
      return all
    }
  }
}

/// The batches that viewers of a topic took last.
struct RecentBatches: Sendable {
  /// What a viewer asks for; whoever asks for the same gets the same, even if there is more by now: so those who are at
  /// the same place stay together.
  struct Request: Sendable, Equatable {
    /// Where it is.
    var place: TopicRing.Cursor
    /// About how many bytes it wants.
    var byteCount: Int
  }

  private struct Entry: Sendable {
    var request: Request
    var batch: TopicBatch
    /// The place behind it.
    var next: TopicRing.Cursor
  }

  /// Batches and bytes of items that are kept: viewers that are a little behind must find theirs again.
  private static let most = (batches: 64, byteCount: 1 << 20)

  private var entries: Deque<Entry> = []
  private var byteCount = 0

  /// The batch of an earlier viewer, and the place behind it.
  func batch(for request: Request) -> (TopicBatch, next: TopicRing.Cursor)? {
    entries.last { $0.request == request }.map { ($0.batch, $0.next) }
  }

  /// Keeps a batch for the next viewers, and lets the oldest go.
  mutating func note(_ batch: TopicBatch, for request: Request, next: TopicRing.Cursor) {
    entries.append(Entry(request: request, batch: batch, next: next))
    byteCount += batch.cost
    while entries.count > Self.most.batches || byteCount > Self.most.byteCount,
      let oldest = entries.popFirst()
    {
      byteCount -= oldest.batch.cost
    }
  }

  /// Lets all go, when nobody looks on.
  mutating func forget() { self = RecentBatches() }
}
