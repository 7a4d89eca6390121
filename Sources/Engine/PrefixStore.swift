internal import Models
internal import Tokenizers

/// Caches of finished prompts, for requests that begin with the same tokens.
///
/// Only prompt positions are kept: they were computed by the same kernels that the next prompt would use, so a reused
/// position has the very bits it would have if computed again.
struct PrefixStore {
  private struct Entry {
    let tokens: ArraySlice<Token>
    let cache: KeyValueCache
  }

  private var entries: [Entry] = []
  private let limit: Int

  init(limit: Int) { self.limit = limit }

  /// Remembers a session's prompt; the oldest entry goes.
  mutating func keep(_ tokens: ArraySlice<Token>, _ cache: KeyValueCache) {
    guard limit > 0, cache.length >= tokens.count else { return }
    entries.removeAll { tokens.starts(with: $0.tokens) }
    entries.append(Entry(tokens: tokens, cache: cache.fork(length: tokens.count)))
    if entries.count > limit { entries.removeFirst() }
  }

  /// A cache of the longest beginning that the tokens share with an entry, the last token left out.
  func longest(for tokens: [Token]) -> KeyValueCache? {
    var best: (entry: Entry, length: Int)?
    for entry in entries {
      let length = zip(tokens.dropLast(), entry.tokens).prefix { $0 == $1 }.count
      if length > best?.length ?? 15 { best = (entry, length) }
    }
    return best.map { $0.entry.cache.fork(length: $0.length) }
  }
}
