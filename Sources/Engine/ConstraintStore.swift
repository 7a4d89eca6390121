package import Constraints
internal import Synchronization
internal import Tokenizers

/// The constraints of one model's generations, so that equal ones share what was computed for them.
final class ConstraintStore: Sendable {
  private struct Contents {
    var trie: TokenTrie?
    /// The ones used last, the latest behind.
    var kept: [(key: String, constraint: Constraint)] = []
  }

  private let contents = Mutex(Contents())
  /// Constraints that are kept; generations hold theirs longer.
  private static let limit = 8

  func kept(_ key: String) -> Constraint? {
    contents.withLock { contents in
      guard let index = contents.kept.firstIndex(where: { $0.key == key }) else { return nil }
      let found = contents.kept.remove(at: index)
      contents.kept.append(found)
      return found.constraint
    }
  }

  func keep(_ constraint: Constraint, _ key: String) {
    contents.withLock { contents in
      contents.kept.removeAll { $0.key == key }
      contents.kept.append((key, constraint))
      if contents.kept.count > Self.limit { contents.kept.removeFirst() }
    }
  }

  /// The vocabulary's tree, made once.
  func trie(_ make: () -> TokenTrie) -> TokenTrie {
    if let trie = contents.withLock({ $0.trie }) { return trie }
    let trie = make()
    contents.withLock { $0.trie = trie }
    return trie
  }
}

extension LoadedModel {
  /// What answers must be, for this model's vocabulary.
  ///
  /// Making one takes a while for a large vocabulary or schema; one that was made lately is found again.
  ///
  /// - Parameters:
  ///   - kind: what was asked for, in a word.
  ///   - source: what is equal for equal rules only.
  ///   - controls: the control tokens that the rules know, in the order of their symbols.
  /// - Throws: `ConstraintError` where it can't be held to.
  package func constraint(
    _ kind: String, source: String, controls: [Int32] = [],
    _ rules: () throws(ConstraintError) -> Grammar
  ) throws(ConstraintError) -> Constraint {
    let key = kind + " " + source
    if let known = constraints.kept(key) { return known }
    let (tokenizer, size) = (tokenizer, info.vocabularySize)
    let trie = constraints.trie {
      TokenTrie(
        texts: tokenizer.texts, vocabularySize: size, beginnings: tokenizer.firstTexts)
    }
    let made = try Constraint(kind: kind, try rules(), trie, controls: controls)
    constraints.keep(made, key)
    return made
  }
}
