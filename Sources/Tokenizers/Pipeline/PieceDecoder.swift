import Patterns

/// How the spelling of a token becomes the bytes of the text.
///
/// Kept to what can be done token by token, so that streamed text equals the text decoded at the end.
struct PieceDecoder: Sendable, Equatable {
  /// A change of one token's spelling.
  enum Step: Sendable, Equatable {
    /// Reads the byte alphabet.
    case byteLevel
    /// Reads `<0xNN>`.
    case byteFallback
    case replace(String, with: String)
    /// Puts a blank before every token but the first and those that continue a word, whose mark it drops; and
    /// takes blanks before English punctuation and contractions away (`cleansUp`).
    case words(continuation: String, cleansUp: Bool)
    /// Cuts a character off the ends of each token.
    case strip(Unicode.Scalar, left: Int, right: Int)
  }

  /// Characters cut off the beginning of the whole text.
  struct LeadingStrip: Sendable, Equatable {
    var character: Unicode.Scalar
    var left: Int

    /// Takes the next part of the text; done once another character came.
    mutating func apply(to text: String) -> String {
      var rest = text.unicodeScalars[...]
      while left > 0, let first = rest.first {
        guard first == character else {
          left = 0
          break
        }
        rest.removeFirst()
        left -= 1
      }
      return String(rest)
    }
  }

  var steps: [Step] = []
  var leadingStrip: LeadingStrip?
  /// A marker for blanks that means nothing in the first token of a text.
  var droppedFromFirst: String?

  /// The bytes that a token with this spelling adds to the text.
  func bytes(of spelling: ArraySlice<UInt8>, isFirst: Bool = false) -> [UInt8] {
    var bytes = Array(spelling)
    if isFirst, let droppedFromFirst {
      let text = String(decoding: bytes, as: UTF8.self)
      bytes = Array(TextPattern.replacing(droppedFromFirst, in: text, with: "").utf8)
    }
    for step in steps {
      switch step {
      case .byteLevel: bytes = ByteAlphabet.bytes(of: bytes[...]) ?? bytes
      case .byteFallback:
        // A byte is final: no later step may take it for a character.
        if let byte = ByteAlphabet.byte(ofHex: bytes[...]) { return [byte] }
      case .replace(let old, let new):
        let text = String(decoding: bytes, as: UTF8.self)
        bytes = Array(TextPattern.replacing(old, in: text, with: new).utf8)
      case .words(let continuation, let cleansUp):
        bytes = Self.word(bytes, continuation, cleansUp, isFirst)
      case .strip(let character, let left, let right):
        bytes = Self.strip(bytes, character, left, right)
      }
    }
    return bytes
  }

  /// The bytes of an added token, which stands for itself but for blanks between words.
  func bytes(ofAdded text: String, isFirst: Bool) -> [UInt8] {
    steps.reduce(Array(text.utf8)) { bytes, step in
      guard case .words(let continuation, let cleansUp) = step else { return bytes }
      return Self.word(bytes, continuation, cleansUp, isFirst)
    }
  }

  private static func word(
    _ spelling: [UInt8], _ continuation: String, _ cleansUp: Bool, _ isFirst: Bool
  ) -> [UInt8] {
    var bytes = spelling
    if !isFirst {
      let continues = !continuation.isEmpty && bytes.starts(with: continuation.utf8)
      bytes = continues ? Array(bytes.dropFirst(continuation.utf8.count)) : [0x20] + bytes
    }
    guard cleansUp, bytes.contains(0x20) else { return bytes }
    var text = String(decoding: bytes, as: UTF8.self)
    for (old, new) in cleanings { text = TextPattern.replacing(old, in: text, with: new) }
    return Array(text.utf8)
  }

  /// HF's `clean_up_tokenization_spaces`.
  private static let cleanings = [
    (" .", "."), (" ?", "?"), (" !", "!"), (" ,", ","), (" ' ", "'"), (" n't", "n't"),
    (" 'm", "'m"),
    (" do not", " don't"), (" 's", "'s"), (" 've", "'ve"), (" 're", "'re"),
  ]

  private static func strip(
    _ bytes: [UInt8], _ character: Unicode.Scalar, _ left: Int, _ right: Int
  ) -> [UInt8] {
    var text = String(decoding: bytes, as: UTF8.self).unicodeScalars[...]
    var left = left
    var right = right
    while left > 0, text.first == character {
      text.removeFirst()
      left -= 1
    }
    while right > 0, text.last == character {
      text.removeLast()
      right -= 1
    }
    return Array(String(text).utf8)
  }
}
