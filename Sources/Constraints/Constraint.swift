internal import Synchronization

/// What the answers of one request must be, for one vocabulary: which tokens may come after which.
///
/// Any number of generations may follow it at once; what one has computed serves all.
package final class Constraint: Sendable {
  /// What was constrained to, for messages: `json_schema`, `regex`, ….
  package let kind: String
  let trie: TokenTrie
  private let grammar: TrimmedGrammar
  /// The symbols of control tokens.
  private let controls: [Int32: UInt16]
  private let tables: Mutex<Tables>

  /// What has been computed; a new one takes over where it has grown too large.
  final class Tables: Sendable {
    struct Contents {
      var matcher: Matcher
      /// By place; of the beginning apart where a vocabulary tells its tokens apart there.
      var masks: [Int32: TokenMask] = [:]
      var beginnings: [Int32: TokenMask] = [:]
    }
    let contents: Mutex<Contents>

    init(_ matcher: Matcher) { contents = Mutex(Contents(matcher: matcher)) }
  }

  /// Bytes of masks that are remembered.
  private static let maskLimit = 16 << 20
  /// Frames that are looked at for one mask, some hundredths of a second; then it is as it is, if any token is in it.
  private static let workLimit = 1 << 21

  /// - Parameters:
  ///   - rules: what may be written.
  ///   - controls: the control tokens that the rules know, in the order of their symbols.
  /// - Throws: `ConstraintError` where nothing can be written.
  package init(
    kind: String, _ rules: Grammar, _ trie: TokenTrie, controls: [Int32] = []
  ) throws(ConstraintError) {
    self.kind = kind
    self.trie = trie
    grammar = try TrimmedGrammar(rules, bytes: trie.singles)
    self.controls = Dictionary(
      controls.enumerated().map { ($1, Grammar.firstControl + UInt16(clamping: $0)) }
    ) { first, _ in first }
    tables = Mutex(Tables(Matcher(grammar, controls: controls.count)))
  }

  /// Before the first token.
  package func start() -> ConstraintCursor {
    let tables = tables.withLock { $0 }
    let place = tables.contents.withLock { $0.matcher.start() }
    return ConstraintCursor(tables: tables, place: place, isAtBeginning: true)
  }

  /// The tokens that may come next, without those that end the text.
  ///
  /// - Complexity: O(vocabulary) for a place that no generation was at before, O(1) afterwards.
  package func mask(_ cursor: inout ConstraintCursor) -> TokenMask {
    makeRoom(for: &cursor)
    let (place, isAtBeginning) = (cursor.place, cursor.isAtBeginning && trie.beginnings != nil)
    return cursor.tables.contents.withLock { contents in
      let known = isAtBeginning ? contents.beginnings[place] : contents.masks[place]
      if let known { return known }
      let size = (trie.vocabularySize + 63) / 64 * 8
      if contents.masks.count * size > Self.maskLimit { contents.masks.removeAll() }
      var mask = TokenMask(vocabularySize: trie.vocabularySize)
      contents.matcher.work = 0
      if isAtBeginning {
        fillBeginning(&mask, &contents.matcher, place)
      } else {
        fill(&mask, &contents.matcher, place)
      }
      for (token, symbol) in controls where contents.matcher.step(place, symbol) >= 0 {
        mask.insert(token)
      }
      if isAtBeginning { contents.beginnings[place] = mask } else { contents.masks[place] = mask }
      return mask
    }
  }

  private func fill(_ mask: inout TokenMask, _ matcher: inout Matcher, _ place: Int32) {
    var path = [Int32](repeating: place, count: trie.longest + 1)
    var node = 0
    var isEmpty = true
    while node < trie.count {
      let depth = Int(trie.depths[node])
      let found = matcher.step(path[depth - 1], UInt16(trie.bytes[node]))
      guard found >= 0 else {
        node = Int(trie.next[node])
        continue
      }
      path[depth] = found
      for token in trie.tokens[Int(trie.starts[node])..<Int(trie.starts[node + 1])] {
        mask.insert(token)
        isEmpty = false
      }
      if !isEmpty, matcher.work > Self.workLimit || matcher.isOverfull { break }
      node += 1
    }
  }

  private func fillBeginning(_ mask: inout TokenMask, _ matcher: inout Matcher, _ place: Int32) {
    var isEmpty = true
    for (token, bytes) in trie.beginnings ?? [] {
      var place = place
      for byte in bytes where place >= 0 { place = matcher.step(place, UInt16(byte)) }
      if place >= 0 {
        mask.insert(token)
        isEmpty = false
      }
      if !isEmpty, matcher.work > Self.workLimit || matcher.isOverfull { break }
    }
  }

  /// Takes a token in.
  ///
  /// - Parameter bytes: what the token adds to the text; not asked for of control tokens.
  /// - Returns: false where it was none that may come; the cursor is then where it was.
  package func advance(
    _ cursor: inout ConstraintCursor, _ token: Int32, bytes: [UInt8]
  ) -> Bool {
    let symbols = controls[token].map { [$0] } ?? bytes.map { UInt16($0) }
    guard !symbols.isEmpty else { return false }
    let start = cursor.place
    let found = cursor.tables.contents.withLock { contents in
      symbols.reduce(start) { $0 < 0 ? $0 : contents.matcher.step($0, $1) }
    }
    guard found >= 0 else { return false }
    cursor.place = found
    cursor.isAtBeginning = false
    return true
  }

  /// Whether the text may end here, and whether it must.
  package func end(_ cursor: ConstraintCursor) -> (may: Bool, must: Bool) {
    let place = cursor.tables.contents.withLock { $0.matcher.places[Int(cursor.place)] }
    return (place.isEnd, place.isEnd && place.frames.isEmpty)
  }

  /// Leaves tables that have grown too large to those who still use them.
  private func makeRoom(for cursor: inout ConstraintCursor) {
    guard
      let stacks = cursor.tables.contents.withLock({ contents in
        contents.matcher.isFull ? contents.matcher.stacks(of: cursor.place) : nil
      })
    else { return }
    let (old, grammar, count) = (cursor.tables, grammar, controls.count)
    let fresh = tables.withLock { current in
      if current === old { current = Tables(Matcher(grammar, controls: count)) }
      return current
    }
    cursor.tables = fresh
    cursor.place = fresh.contents.withLock { $0.matcher.place(of: stacks) }
  }
}

/// Where one generation stands in its constraint.
///
/// A value: a rewound or forked generation goes on from a copy.
package struct ConstraintCursor: Sendable {
  fileprivate(set) var tables: Constraint.Tables
  fileprivate(set) var place: Int32
  fileprivate(set) var isAtBeginning: Bool
}

extension Constraint {
  /// Whether a whole text is one that may be written.
  package func admits(_ text: some Sequence<UInt8>) -> Bool {
    let cursor = start()
    return cursor.tables.contents.withLock { contents in
      let place = text.reduce(cursor.place) {
        $0 < 0 ? $0 : contents.matcher.step($0, UInt16($1))
      }
      return place >= 0 && contents.matcher.places[Int(place)].isEnd
    }
  }
}
