internal import Synchronization

/// A checkpoint's tensors by name, and which of them were taken.
///
/// A tensor that no layer took is a mistyped name or arithmetic that this program has not: ``untaken`` tells.
struct TensorTable: Sendable {
  private let entries: [String: TensorEntry]
  private let taken = TakenNames()

  init(_ entries: [String: TensorEntry]) { self.entries = entries }

  var values: Dictionary<String, TensorEntry>.Values { entries.values }

  /// The tensor of that name, counted as taken.
  subscript(name: String) -> TensorEntry? {
    guard let entry = entries[name] else { return nil }
    taken.insert(name)
    return entry
  }

  /// The tensor of that name, only looked at.
  func peek(_ name: String) -> TensorEntry? { entries[name] }

  /// A table with some tensors in others' places, none of them taken yet.
  func replacing(_ others: [String: TensorEntry]) -> TensorTable {
    var entries = entries
    for (name, entry) in others { entries[name] = entry }
    return TensorTable(entries)
  }

  /// Names that were never taken.
  var untaken: Set<String> { taken.others(of: entries.keys) }
}

/// Names behind a lock, since a checkpoint is a value that several hold.
private final class TakenNames: Sendable {
  private let names = Mutex<Set<String>>([])

  func insert(_ name: String) { names.withLock { _ = $0.insert(name) } }

  func others(of all: some Sequence<String>) -> Set<String> {
    names.withLock { taken in Set(all.filter { !taken.contains($0) }) }
  }
}
