/// Where the items are kept that a topic's ring has let go.
package protocol TopicArchive: Sendable {
  /// The items from a number on, in order and without a hole: about `byteCount` bytes of them, none after `range`.
  ///
  /// Empty where the first one can't be had. Called with no lock held; may read files.
  func items(_ range: ClosedRange<UInt64>, atMost byteCount: Int) -> [TopicItem]
}
