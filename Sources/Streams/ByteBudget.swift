import Synchronization

/// How many bytes all topics of a server hold together, and how many they may.
package final class ByteBudget: Sendable {
  /// The cap, in bytes.
  package let limit: Int
  private let held = Atomic(0)

  /// Makes an empty account.
  package init(limit: Int) {
    self.limit = limit
  }

  /// Bytes held now.
  package var used: Int { held.load(ordering: .relaxed) }
  /// Whether the topics hold more than they may.
  package var isExceeded: Bool { used > limit }

  func add(_ count: Int) { held.add(count, ordering: .relaxed) }
  func subtract(_ count: Int) { held.subtract(count, ordering: .relaxed) }
}
