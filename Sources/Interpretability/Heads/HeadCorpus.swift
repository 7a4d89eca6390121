package import Tokenizers

/// The prompts that heads are named by, made from a seed: the same for the same tokenizer.
package struct HeadCorpus: Sendable, Equatable {
  /// Two names in a prompt, one of them again, and what comes next.
  package struct Names: Sendable, Equatable {
    package let tokens: [Token]
    /// The same with the other name repeated.
    package let swapped: [Token]
    package let answer: Token
    package let repeated: Token
    /// Where the answer stands.
    package let answerPosition: Int
  }

  package static let seed: UInt64 = 1
  private static let count = 8
  private static let length = 24
  /// Pieces that come again in a copy.
  private static let copied = 3
  private static let people = [
    "Mary", "John", "Tom", "James", "Anna", "David", "Sarah", "Paul", "Peter", "Mark", "Robert",
    "Jack",
    "Kevin", "Frank", "Martin", "Andrew", "Alice", "Laura", "Linda", "Simon", "Emma", "Lucy",
    "Rose", "Helen",
  ]

  package let repeats: [[Token]]
  package let copies: [[Token]]
  package let names: [Names]

  /// - Parameter context: positions that the model has.
  package init(_ tokenizer: Tokenizer, vocabulary: Int, context: Int) {
    var random = SplitMix(state: Self.seed)
    // As many as fit with one of the model's own tokens before them.
    let length = min(Self.length, (context - 2) / 2)
    guard length >= 4, vocabulary >= 4 * length else {
      (repeats, copies, names) = ([], [], [])
      return
    }
    func distinct(_ count: Int) -> [Token] {
      var taken: Set<Token> = []
      var list: [Token] = []
      while list.count < count {
        let token = Token(random.next(below: UInt64(vocabulary)))
        if taken.insert(token).inserted { list.append(token) }
      }
      return list
    }
    repeats = (0..<Self.count).map { _ in
      let list = distinct(length)
      return Self.started(list + list, tokenizer)
    }
    // Some of the first part's pieces come again behind it.
    let piece = max(length / 4, 2)
    copies = (0..<Self.count).map { _ in
      let fresh = distinct(2 * length - Self.copied * piece)
      var starts = Array(stride(from: 0, through: fresh.count - piece, by: piece))
      let chosen = (0..<min(Self.copied, starts.count)).map { _ in
        starts.remove(at: Int(random.next(below: UInt64(starts.count))))
      }
      // The last first, so that no two come again at the same distance.
      let again = chosen.sorted(by: >).flatMap { fresh[$0..<$0 + piece] }
      return Self.started(fresh + again, tokenizer)
    }
    names = Self.names(tokenizer, context: context)
  }

  /// With what the model expects before a text, and nothing behind it.
  private static func started(_ list: [Token], _ tokenizer: Tokenizer) -> [Token] {
    let whole = tokenizer.around(list)
    guard let last = list.last, let end = whole.lastIndex(of: last) else { return list }
    return Array(whole.prefix(through: end))
  }

  private static func names(_ tokenizer: Tokenizer, context: Int) -> [Names] {
    func tokens(_ text: String) -> [Token] {
      tokenizer.encode(text, parseSpecial: false, addSpecial: false)
    }
    // Those that are one token behind a word.
    let before = tokens("Then")
    let known = people.compactMap { name -> (text: String, token: Token)? in
      let whole = tokens("Then \(name)")
      guard whole.count == before.count + 1, whole.starts(with: before), let last = whole.last
      else { return nil }
      return (name, last)
    }
    func prompt(_ first: String, _ second: String, _ subject: String) -> [Token] {
      started(
        tokens("When \(first) and \(second) went to the store, \(subject) gave a drink to"),
        tokenizer)
    }
    var result: [Names] = []
    for place in 0..<known.count / 2 {
      let (one, other) = (known[2 * place], known[2 * place + 1])
      let isFirst = place.isMultiple(of: 2)
      let (answer, subject) = isFirst ? (one, other) : (other, one)
      let whole = prompt(one.text, other.text, subject.text)
      let swapped = prompt(one.text, other.text, answer.text)
      let stands = whole.indices.filter { whole[$0] == answer.token }
      guard stands.count == 1, whole.count(where: { $0 == subject.token }) == 2,
        swapped.count == whole.count, whole.count <= context,
        zip(whole, swapped).count(where: { $0 != $1 }) == 1
      else { continue }
      result.append(
        Names(
          tokens: whole, swapped: swapped, answer: answer.token, repeated: subject.token,
          answerPosition: stands[0]))
    }
    // Paths are of prompts of one length.
    let length = result.first?.tokens.count
    return Array(result.filter { $0.tokens.count == length }.prefix(count))
  }
}

/// Steele and others 2014: the same numbers everywhere for the same seed.
private struct SplitMix {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }

  /// A number from 0 to under a bound, which is at least 1.
  mutating func next(below bound: UInt64) -> UInt64 {
    next().multipliedFullWidth(by: bound).high
  }
}
