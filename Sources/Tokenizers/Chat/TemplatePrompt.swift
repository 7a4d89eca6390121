import JSON
import OrderedCollections
import Templates

/// One conversation on its way through a model's own template.
struct TemplatePrompt {
  let template: JinjaTemplate
  let control: ControlText
  let tokenizer: Tokenizer
  let messages: [ChatMessage]
  let options: ChatOptions
  /// More texts than these are not looked at one by one.
  private static let searchLimit = 8

  init(
    _ template: JinjaTemplate, _ control: ControlText, _ tokenizer: Tokenizer,
    _ messages: [ChatMessage], _ options: ChatOptions
  ) {
    self.template = template
    self.control = control
    self.tokenizer = tokenizer
    self.options = options
    // What a developer says is what a system message says, wherever a template does not tell them apart:
    // models were not trained on a role that their template does not name.
    let knowsDevelopers = template.source.contains("developer")
    self.messages = messages.map { message in
      var message = message
      if message.role == "developer", !knowsDevelopers { message.role = "system" }
      return message
    }
  }

  /// - Parameter limit: tokens beyond which a prompt is of no use.
  func render(atMost limit: Int) throws(ChatFormatError) -> RenderedPrompt {
    let variables = PromptVariables(
      options.templateVariables(messages, tokenizer), own: options.variables.keys)
    let whole = try render(variables.values)
    try tokenizer.check([whole], atMost: limit)
    try checkPresence(variables)
    let all = options.parseSpecial ? [] : try textRanges(variables, in: whole)
    let text = try options.continuesFinalMessage ? cut(whole) : whole
    let kept = all.filter { $0.upperBound <= text.utf8.count }
    do {
      let tokens = try tokenizer.encode(
        bounded: text, parseSpecial: true, addSpecial: false, keepingAsText: kept)
      return RenderedPrompt(text: text, tokens: tokens)
    } catch { throw ChatFormatError.tokenizer(error) }
  }

  /// The prompt up to the end of what its last message says.
  private func cut(_ text: String) throws(ChatFormatError) -> String {
    let said = Array((messages.last?.content ?? "").utf8)
    let isSpace: (UInt8) -> Bool = { [0x20, 0x0a, 0x0d, 0x09].contains($0) }
    let words = said.drop(while: isSpace).reversed().drop(while: isSpace).reversed()
    let bytes = Array(text.utf8)
    guard !words.isEmpty, bytes.count >= words.count,
      let start = (0...bytes.count - words.count).last(where: { bytes[$0...].starts(with: words) })
    else { throw .unseen(message: max(messages.count - 1, 0), role: messages.last?.role ?? "") }
    return String(decoding: bytes[..<(start + words.count)], as: UTF8.self)
  }

  private func render(
    _ variables: OrderedDictionary<String, JSONValue>
  ) throws(ChatFormatError) -> String {
    do {
      return try template.render(variables, time: options.time)
    } catch { throw ChatFormatError(error) }
  }

  // MARK: Control tokens in messages

  /// The bytes of the rendered text that messages brought and that could be taken for control tokens.
  private func textRanges(
    _ variables: PromptVariables, in text: String
  ) throws(ChatFormatError) -> [Range<Int>] {
    let texts = variables.texts
    let suspects = texts.reduce(into: [Int: [Range<Int>]]()) { found, text in
      let ranges = control.ranges(in: text.text)
      if !ranges.isEmpty { found[text.index] = ranges }
    }
    if suspects.isEmpty { return [] }
    guard let plane = DisguisePlane.unused(in: texts.map(\.text) + [text]) else {
      throw .controlText(message: texts.first { suspects[$0.index] != nil }?.message)
    }
    func ranges(_ wanted: Set<Int>) -> [Range<Int>]? {
      let disguised = variables.mapped { text in
        guard wanted.contains(text.index), let ranges = suspects[text.index] else {
          return text.text
        }
        return plane.disguise(text.text, ranges)
      }
      guard let rendered = try? render(disguised) else { return nil }
      let revealed = plane.reveal(rendered)
      return revealed.text.utf8.elementsEqual(text.utf8) ? revealed.ranges : nil
    }
    let all = Set(suspects.keys)
    if let found = ranges(all) { return found }
    return try textRanges(texts.filter { all.contains($0.index) }, ranges)
  }

  /// Where the template itself reads a control token's spelling in a message.
  ///
  /// Such as the end of a thought in an answer: there the spelling is the template's. Only an assistant's own words may hold one.
  private func textRanges(
    _ suspects: [PromptVariables.Text], _ ranges: (Set<Int>) -> [Range<Int>]?
  ) throws(ChatFormatError) -> [Range<Int>] {
    var kept: Set<Int> = []
    for (place, text) in suspects.enumerated() {
      let isAssistant = text.message.map { messages[$0].role == "assistant" } ?? false
      if place < Self.searchLimit, ranges([text.index]) != nil {
        kept.insert(text.index)
      } else if place >= Self.searchLimit || !isAssistant {
        throw .controlText(message: text.message)
      }
    }
    guard let found = ranges(kept) else { throw .controlText(message: suspects.first?.message) }
    return found
  }

  // MARK: Nothing vanishes

  /// Refuses a conversation of which the template leaves something out: its text renders with a mark in each
  /// message, and a message whose mark does not come out has no place there.
  ///
  /// Left out on purpose may be thoughts, and what an assistant says beside its calls.
  private func checkPresence(_ variables: PromptVariables) throws(ChatFormatError) {
    guard let plane = DisguisePlane.unused(in: variables.texts.map(\.text)) else { return }
    var marks = PromptMarks(plane)
    let marked = messages.map { marks.mark($0) }
    let tools = options.tools.map { marks.mark(tool: $0) }
    var options = options
    options.tools = tools
    guard marks.count < PromptMarks.limit,
      let text = try? render(options.templateVariables(marked, tokenizer))
    else { return }
    let seen = marks.seen(in: text)
    if let lost = messages.indices.first(where: { marks.isLost(message: $0, seen) }) {
      throw .unseen(message: lost, role: messages[lost].role)
    }
    if marks.areToolsLost(seen) { throw .unseenTools }
  }
}
