/// Cutting a long text where its pieces are the same as uncut, so that only a part of it is classified at a time.
extension KnownSplit {
  /// Bytes that are looked at for one cut, unless a piece is longer.
  package static let window = 64 << 10

  /// Where the text can be cut: the end of a piece, or the text's end where it is short.
  ///
  /// Both sides have the pieces that the whole has: what an expression looks at behind a piece is the rest of a run of
  /// blanks or letters and a few characters, and a piece whose runs reach the end of the window is not counted on.
  package func cut(_ bytes: ArraySlice<UInt8>, window: Int = KnownSplit.window) -> Int {
    var size = max(window, 1)
    while size < bytes.count {
      let end = Self.characterStart(bytes.startIndex + size, bytes)
      let text = ScalarText(bytes[..<end])
      let safe = lastSafe(text)
      if safe > 0 { return text.offsets[safe] }
      size = size > bytes.count / 2 ? bytes.count : size * 2
    }
    return bytes.endIndex
  }

  /// The last place in the window between a letter and a blank that a letter follows; nil where there is none.
  ///
  /// All of these expressions end a piece there and begin another, whatever stands around it, also where digits were taken
  /// out before.
  package static func cutBetweenWords(
    _ bytes: ArraySlice<UInt8>, window: Int = KnownSplit.window
  ) -> Int? {
    var index = bytes.startIndex + min(max(window, 1), bytes.count - 2)
    while index > bytes.startIndex {
      if bytes[index] == 0x20, isLetter(bytes[index - 1]), isLetter(bytes[index + 1]) {
        return index
      }
      index -= 1
    }
    return nil
  }

  private static func isLetter(_ byte: UInt8) -> Bool {
    (0x61...0x7A).contains(byte) || (0x41...0x5A).contains(byte)
  }

  /// The end of the last piece that what follows the text cannot change; 0 where there is none.
  ///
  /// Not behind a blank: at the end of a text a run of blanks is one piece, before a word it is two.
  private func lastSafe(_ text: ScalarText) -> Int {
    var safe = 0
    var start = 0
    var blanks = 0
    var letters = 0
    while start < text.count {
      let end = max(self.end(from: start, in: text), start + 1)
      if start >= blanks { blanks = text.skip(start, .space) }
      if start + 1 >= letters { letters = text.skip(start + 1, [.letter, .mark]) }
      let reach = max(end, blanks, letters)
      guard reach + Self.lookAhead < text.count else { break }
      start = end
      if !text.has(end - 1, .space) { safe = end }
    }
    return safe
  }

  /// Characters behind a run that may matter: a contraction, a word behind a blank.
  private static let lookAhead = 4

  private static func characterStart(_ index: Int, _ bytes: ArraySlice<UInt8>) -> Int {
    var index = index
    while index > bytes.startIndex, bytes[index] & 0xC0 == 0x80 { index -= 1 }
    return index
  }
}
