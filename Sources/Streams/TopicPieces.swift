/// What a topic has published, for answers that are made of it: a few items at a time, so that memory stays small.
package struct TopicPieces: Sequence, IteratorProtocol {
  private let topic: Topic
  private var first: UInt64
  private let last: UInt64
  private let byteCount: Int

  init(_ topic: Topic, _ range: ClosedRange<UInt64>, byteCount: Int) {
    self.topic = topic
    first = range.lowerBound
    last = range.upperBound
    self.byteCount = byteCount
  }

  package mutating func next() -> [TopicItem]? {
    guard first <= last else { return nil }
    let items = topic.items(first...last, atMost: byteCount)
    guard let end = items.last?.sequence else { return nil }
    first = end + 1
    return items
  }
}

extension Topic {
  /// The items of a range of numbers that the ring or the archive holds, in pieces of about `byteCount` bytes.
  package func pieces(
    _ range: ClosedRange<UInt64> = 0...(.max), byteCount: Int = 256 << 10
  ) -> TopicPieces {
    TopicPieces(self, range, byteCount: byteCount)
  }
}
