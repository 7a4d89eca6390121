/// What a reader takes beyond RFC 8259, and where it stops.
package struct JSONRules: Sendable {
  /// Containers within containers; the known files need six.
  package var depth: Int
  /// Values that may be made into trees.
  package var values: Int
  /// Whether an object may name a member twice.
  package var allowsRepeats: Bool
  /// Whether `NaN`, `Infinity` and `-Infinity` are numbers, as Python's `json.dump` writes them.
  package var allowsInfinities: Bool

  package init(
    depth: Int = 128, values: Int = .max, allowsRepeats: Bool = true,
    allowsInfinities: Bool = false
  ) {
    self.depth = depth
    self.values = values
    self.allowsRepeats = allowsRepeats
    self.allowsInfinities = allowsInfinities
  }
}
