/// Harmony conversations as tokens.
///
/// Everything that people or tools wrote is encoded as plain text: its spelling of a control token never
/// becomes one, unless it is asked for.
struct HarmonyRenderer {
  let tokenizer: Tokenizer
  let tokens: HarmonyTokens
  /// Lets text become control tokens by spelling them.
  let parseSpecial: Bool
  private(set) var prompt = RenderedPrompt(text: "", tokens: [])

  init(_ tokenizer: Tokenizer, _ tokens: HarmonyTokens, parseSpecial: Bool = false) {
    self.parseSpecial = parseSpecial
    self.tokenizer = tokenizer
    self.tokens = tokens
  }

  /// Renders a conversation.
  ///
  /// - Parameters:
  ///   - next: Who speaks next; nil renders a finished conversation, whose final answer ends for good.
  ///   - dropAnalysis: Leaves thoughts out that came before the first answer, once the last turn is one.
  mutating func render(_ messages: [HarmonyMessage], next: String?, dropAnalysis: Bool) {
    let callsFunctions = messages.contains { message in
      guard case .developer(let developer) = message.content else { return false }
      return developer.tools.contains { $0.name == "functions" && !$0.tools.isEmpty }
    }
    let finished = messages.last { $0.header.role == "assistant" }?.isFinal ?? false
    let firstFinal = messages.firstIndex { $0.header.channel == "final" } ?? 0
    let drops = dropAnalysis && finished
    for (index, message) in messages.enumerated() {
      if drops, index < firstFinal, message.header.channel == "analysis" { continue }
      let isEnd = next == nil && index == messages.count - 1 && message.isFinal
      write(message, callsFunctions: callsFunctions, end: isEnd ? tokens.done : nil)
    }
    if let next {
      special(tokens.start)
      plain(next)
    }
  }

  private mutating func write(_ message: HarmonyMessage, callsFunctions: Bool, end: Token?) {
    special(tokens.start)
    write(message.header)
    special(tokens.message)
    switch message.content {
    case .text(let text): plain(text)
    case .system(let system): plain(system.text(callsFunctions: callsFunctions))
    case .developer(let developer): plain(developer.text)
    }
    special(end ?? (message.isCall ? tokens.call : tokens.end))
  }

  private mutating func write(_ header: HarmonyHeader) {
    // A tool signs with its name alone.
    var author = header.role
    if let name = header.name { author = header.role == "tool" ? name : author + ":" + name }
    if let recipient = header.recipient, recipient != "all" { author += " to=" + recipient }
    plain(author)
    if let channel = header.channel {
      special(tokens.channel)
      plain(channel)
    }
    guard let type = header.contentType else { return }
    let constrain = "<|constrain|>"
    if type.hasPrefix(constrain) {
      plain(" ")
      special(tokens.constrain)
      plain(String(type.dropFirst(constrain.count)))
    } else {
      plain(" " + type)
    }
  }

  private mutating func special(_ token: Token) {
    prompt.tokens.append(token)
    prompt.text += tokenizer.piece(token)
  }

  private mutating func plain(_ text: String) {
    prompt.tokens += tokenizer.encode(text, parseSpecial: parseSpecial, addSpecial: false)
    prompt.text += text
  }
}
