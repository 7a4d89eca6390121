/// What one viewer has missed, exactly.
package struct Gap: Sendable, Equatable {
  /// The missed items of one hook, or the missed events (`hook` nil, late joiners only).
  package struct Missed: Sendable, Equatable {
    /// The hook whose frames were missed; nil for events.
    package var hook: String?
    /// The first missed number.
    package var first: UInt64
    /// The last missed number.
    package var last: UInt64
    /// How many were missed; numbers of other hooks and of events lie between.
    package var count: UInt64
  }

  /// One entry per hook, in order of the first missed number.
  package private(set) var missed: [Missed] = []

  /// Nothing missed.
  package init() {}

  /// Whether nothing was missed.
  package var isEmpty: Bool { missed.isEmpty }
  /// The highest missed number; nil when nothing was missed.
  package var lastSequence: UInt64? { missed.map(\.last).max() }

  mutating func add(_ entry: Missed) {
    guard entry.count > 0 else { return }
    if let index = missed.firstIndex(where: { $0.hook == entry.hook }) {
      missed[index].last = max(missed[index].last, entry.last)
      missed[index].count += entry.count
      guard entry.first < missed[index].first else { return }
      missed[index].first = entry.first
    } else {
      missed.append(entry)
    }
    missed.sort { ($0.first, $0.hook ?? "") < ($1.first, $1.hook ?? "") }
  }

  mutating func add(_ item: TopicItem) {
    let hook: String? = if case .frame(let hook) = item.kind { hook } else { nil }
    add(Missed(hook: hook, first: item.sequence, last: item.sequence, count: 1))
  }
}
