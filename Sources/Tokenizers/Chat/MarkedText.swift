/// The tokens of a generation as text in which marks can be seen, whether special tokens spell them or plain ones.
struct MarkedText: Sendable {
  private let tokenizer: Tokenizer
  private var decoder: TextDecoder
  private let spellings: Set<String>
  /// Tokens that end the generation; their text is none of the answer's.
  private let ends: Set<Token>
  var output: MarkedOutput

  init(_ tokenizer: Tokenizer, _ marks: OutputMarks, ends: Set<Token>, _ output: MarkedOutput) {
    self.tokenizer = tokenizer
    self.ends = ends
    self.output = output
    spellings = marks.spellings
    decoder = TextDecoder(tokenizer, skipSpecial: false)
  }

  /// Whether the last token was a part of the answer, as far as is known.
  private(set) var isInAnswer = false

  mutating func append(_ token: Token) -> ChatDelta {
    isInAnswer = false
    guard !ends.contains(token) else { return ChatDelta() }
    guard tokenizer.isSpecial(token) else { return append(decoder.append(token)) }
    let piece = tokenizer.piece(token)
    return spellings.contains(piece) ? append(piece) : ChatDelta()
  }

  private mutating func append(_ text: String) -> ChatDelta {
    let wasInAnswer = output.isInAnswer
    let held = output.heldLength
    let delta = output.append(text)
    // A part of a character is no text yet, and white space may be nobody's.
    let grew = !delta.content.isEmpty || output.heldLength > held || text.isEmpty
    isInAnswer = wasInAnswer && output.isInAnswer && grew
    return delta
  }
}
