/// What is wished of a descriptor, or what it is ready for.
package struct Interest: OptionSet, Sendable, Hashable {
  package let rawValue: UInt32

  package init(rawValue: UInt32) {
    self.rawValue = rawValue
  }

  /// There is something to read: bytes, a peer's end, a connection to accept.
  package static let reading = Interest(rawValue: 1)
  /// There is room to write.
  package static let writing = Interest(rawValue: 2)
  /// Reset, or ended in both directions.
  ///
  /// Never wished for: the system tells it unasked.
  static let ended = Interest(rawValue: 4)
}
