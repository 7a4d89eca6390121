/// Reads messages out of the tokens of a generation, one token at a time.
struct HarmonyParser: Sendable {
  /// What a token did.
  enum Event: Sendable, Equatable {
    /// Nothing that can be seen: a part of a header or of a character.
    case nothing
    /// A message began.
    case began(HarmonyHeader)
    /// The current message goes on.
    case content(String)
    /// The current message ended; text that was held back comes with it.
    case ended(String)
    /// A message ended in its header, or began in a way that no message begins.
    case broken(String)
  }

  private enum Place: Sendable {
    case beforeStart
    case header(TextDecoder, String)
    case content(TextDecoder)
  }

  private let tokenizer: Tokenizer
  private let tokens: HarmonyTokens
  private var place: Place
  /// The author of the first header, which the prompt named already.
  private var givenRole: String?
  /// The current message's header.
  private(set) var header: HarmonyHeader?

  /// - Parameter role: The author whom the prompt ended with, or nil if the tokens begin with `<|start|>`.
  init(_ tokenizer: Tokenizer, _ tokens: HarmonyTokens, role: String?) {
    self.tokenizer = tokenizer
    self.tokens = tokens
    givenRole = role
    place = role == nil ? .beforeStart : Self.emptyHeader(tokenizer)
  }

  private static func emptyHeader(_ tokenizer: Tokenizer) -> Place {
    .header(TextDecoder(tokenizer, skipSpecial: false), "")
  }

  mutating func append(_ token: Token) -> Event {
    switch place {
    case .beforeStart:
      guard token == tokens.start else {
        return .broken(isEnd(token) ? "" : tokenizer.piece(token))
      }
      place = Self.emptyHeader(tokenizer)
      return .nothing
    case .header(var decoder, let text):
      if isEnd(token) { return breakOff(text + decoder.finish()) }
      if token == tokens.message { return begin(text + decoder.finish()) }
      let more = decoder.append(token)
      place = .header(decoder, text + more)
      return .nothing
    case .content(var decoder):
      if isEnd(token) {
        place = .beforeStart
        header = nil
        return .ended(decoder.finish())
      }
      let text = decoder.append(token)
      place = .content(decoder)
      return text.isEmpty ? .nothing : .content(text)
    }
  }

  /// Ends the tokens: what was held back, and whether a message was open.
  mutating func finish() -> Event {
    defer {
      place = .beforeStart
      header = nil
    }
    switch place {
    case .beforeStart: return .nothing
    case .header(var decoder, let text): return .broken(text + decoder.finish())
    case .content(var decoder): return .ended(decoder.finish())
    }
  }

  private func isEnd(_ token: Token) -> Bool {
    token == tokens.end || token == tokens.done || token == tokens.call
      || token == tokens.endOfText
  }

  private mutating func begin(_ text: String) -> Event {
    guard let header = HarmonyHeader(parsing: text, role: givenRole) else { return breakOff(text) }
    givenRole = nil
    self.header = header
    place = .content(TextDecoder(tokenizer, skipSpecial: false))
    return .began(header)
  }

  private mutating func breakOff(_ text: String) -> Event {
    givenRole = nil
    place = .beforeStart
    return .broken(text)
  }
}
