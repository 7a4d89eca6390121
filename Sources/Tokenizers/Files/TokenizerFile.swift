import Foundation
import JSON
import OrderedCollections

/// A walk over JSON that refuses with this room's errors.
typealias TokenizerScanner = JSONScanner<TokenizerError>

/// A `tokenizer.json` read once: the two large tables straight into place, the rest as a tree.
struct TokenizerFile {
  let name: String
  /// Everything but `model.vocab` and `model.merges`.
  private(set) var top: OrderedDictionary<String, JSONValue> = [:]
  private(set) var model: OrderedDictionary<String, JSONValue> = [:]
  private(set) var vocabulary = Vocabulary()
  /// Scores in order of tokens, if the vocabulary is a list of pairs (unigram).
  private(set) var scores: [Double] = []
  private(set) var merges = MergeTable()
  /// Where the merges begin, if they came before the vocabulary.
  private var postponedMerges: Int?

  /// Reads the whole file.
  ///
  /// - Throws: `TokenizerError` naming the field and the byte where the file is not what it should be.
  init(_ bytes: [UInt8], name: String) throws(TokenizerError) {
    self.name = name
    var scanner = try TokenizerScanner(bytes) { TokenizerError(file: name, $0) }
    try scanner.members { scanner, key throws(TokenizerError) in
      if key == "model" {
        try readModel(&scanner)
      } else {
        top[key] = try scanner.value()
      }
    }
    try scanner.end()
  }

  /// An error about a field of this file.
  func fault(_ field: String, expected: String, found: String) -> TokenizerError {
    TokenizerError(file: name, field: field, expected: expected, found: found)
  }

  private mutating func readModel(_ scanner: inout TokenizerScanner) throws(TokenizerError) {
    try scanner.members { scanner, key throws(TokenizerError) in
      switch key {
      case "vocab" where scanner.isNext("{"):
        try readVocabulary(&scanner)
      case "vocab": try readScores(&scanner)
      case "merges" where vocabulary.count == 0 && scanner.isNext("["):
        postponedMerges = scanner.position
        try scanner.skip()
      case "merges" where scanner.isNext("["):
        try readMerges(&scanner)
      default: model[key] = try scanner.value()
      }
    }
    if let start = postponedMerges {
      let end = scanner.position
      scanner.position = start
      try readMerges(&scanner)
      scanner.position = end
    }
  }

  /// Takes `{"spelling": token, …}`.
  private mutating func readVocabulary(_ scanner: inout TokenizerScanner) throws(TokenizerError) {
    var table = Vocabulary(capacity: (scanner.bytes.count - scanner.position) / 64)
    var spelling: [UInt8] = []
    try scanner.enter("{", "an object")
    if try scanner.leave("}") { return }
    repeat {
      spelling.removeAll(keepingCapacity: true)
      try scanner.string(into: &spelling)
      try scanner.take(":")
      let number = try scanner.token()
      guard let token = number, table.insert(spelling, token) else {
        let text = String(decoding: spelling, as: UTF8.self)
        throw fault(
          "model.vocab[\"\(text)\"]", expected: "a token below \(Vocabulary.largestToken)",
          found: number.map { String($0) } ?? "another value")
      }
    } while try scanner.more("}")
    vocabulary = table
  }

  /// Takes `[["spelling", score], …]`.
  private mutating func readScores(_ scanner: inout TokenizerScanner) throws(TokenizerError) {
    try scanner.elements { scanner, index throws(TokenizerError) in
      let pair = try scanner.value().array ?? []
      let score: Double? =
        switch pair.last {
        case .number(let value): value
        case .integer(let value): Double(value)
        default: nil
        }
      guard pair.count == 2, let text = pair[0].string, let score,
        let token = Token(exactly: index),
        vocabulary.insertUnlisted(Array(text.utf8), token)
      else {
        throw fault(
          "model.vocab[\(index)]", expected: "a spelling and its score",
          found: "\(pair.count) values")
      }
      scores.append(score)
    }
  }

  /// Takes `["left right", …]` or `[["left", "right"], …]`, in order of rank.
  private mutating func readMerges(_ scanner: inout TokenizerScanner) throws(TokenizerError) {
    let prefix = model["continuing_subword_prefix"]?.string.map { $0.utf8.count } ?? 0
    var table = MergeTable(capacity: (scanner.bytes.count - scanner.position) / 64)
    var text: [UInt8] = []
    try scanner.elements { scanner, rank throws(TokenizerError) in
      text.removeAll(keepingCapacity: true)
      let middle = try scanner.merge(into: &text)
      guard let middle, let rank32 = Int32(exactly: rank),
        let left = vocabulary.token(text[..<middle]), let right = vocabulary.token(text[middle...])
      else {
        throw fault(
          "model.merges[\(rank)]", expected: "two tokens of the vocabulary",
          found: String(decoding: text, as: UTF8.self))
      }
      if prefix > 0 { text.removeSubrange(middle..<min(middle + prefix, text.count)) }
      guard let joined = vocabulary.token(text) else {
        throw fault(
          "model.merges[\(rank)]", expected: "tokens that make a token",
          found: String(decoding: text, as: UTF8.self))
      }
      table.insert(left, right, MergeTable.Merge(rank: rank32, joined: joined))
    }
    merges = table
  }
}

extension TokenizerScanner {
  /// Takes a small whole number; nil if the value is something else.
  fileprivate mutating func token() throws(TokenizerError) -> Token? {
    guard let next = peek(), (0x30...0x39).contains(next) else {
      try skip()
      return nil
    }
    return JSONValue(try number()).integer.flatMap { Token(exactly: $0) }
  }

  /// Takes a merge, appends both halves and tells where the second begins; nil if it is no merge.
  fileprivate mutating func merge(into text: inout [UInt8]) throws(TokenizerError) -> Int? {
    if isNext("\"") {
      try string(into: &text)
      guard let blank = text.firstIndex(of: 0x20), blank > 0, blank + 1 < text.count else {
        return nil
      }
      text.remove(at: blank)
      return blank
    }
    try enter("[", "a merge")
    try string(into: &text)
    let middle = text.count
    try take(",")
    try string(into: &text)
    guard try !more("]") else { return nil }
    return middle > 0 && middle < text.count ? middle : nil
  }
}
