internal import Engine
internal import Interpretability
internal import JSON
internal import Tokenizers

/// Reads `clean` and `corrupted` prompts with their `answer` and `wrong`, as analyses of several passes take them.
struct ContrastReader {
  private static let promptLimit = 256

  let model: LoadedModel
  /// The tokens of a conversation.
  let render: ([ChatMessage], LoadedModel) throws(Refusal) -> [Token]

  /// All prompts are of one length, and there are as many corrupted ones as clean ones.
  ///
  /// - Parameter isCorrupted: whether corrupted prompts are needed; otherwise there are none.
  func pairs(
    _ fields: Fields, isCorrupted: Bool = true
  ) throws(Refusal) -> (prompts: [ContrastPrompt], corrupted: [[Token]]) {
    let reader = PromptReader(model: model, limit: Self.promptLimit, render: render)
    let clean = try reader.prompts(fields, "clean")
    let corrupted = isCorrupted ? try reader.prompts(fields, "corrupted") : []
    let answers = try tokens(fields, "answer", count: clean.count)
    let wrong = try tokens(fields, "wrong", count: clean.count)
    guard !isCorrupted || corrupted.count == clean.count else {
      throw .unequalCounts(field: "corrupted", found: corrupted.count, expected: clean.count)
    }
    let length = clean.first?.count ?? 0
    for (name, prompts) in [("clean", clean), ("corrupted", corrupted)] {
      for (index, prompt) in prompts.enumerated() where prompt.count != length {
        throw .unequalLengths(
          field: "\(name)[\(index)]", found: prompt.count, other: "clean[0]", expected: length)
      }
    }
    let prompts = clean.indices.map {
      ContrastPrompt(tokens: clean[$0], answer: answers[$0], wrong: wrong[$0])
    }
    return (prompts, corrupted)
  }

  /// A token for each prompt: one for all, or a list.
  private func tokens(
    _ fields: Fields, _ member: String, count: Int
  ) throws(Refusal) -> [Token] {
    let reader = AnalysisReader(model)
    guard let list = fields[member]?.array else {
      guard let token = try reader.token(fields, member) else { throw .missing(field: member) }
      return Array(repeating: token, count: count)
    }
    guard list.count == count else {
      throw .unequalCounts(field: member, found: list.count, expected: count)
    }
    var tokens: [Token] = []
    for (index, element) in list.enumerated() {
      tokens.append(try reader.token(element, field: "\(member)[\(index)]"))
    }
    return tokens
  }
}

/// Reads prompts: a text, an object with one of `prompt`, `messages` and `tokens`, or an array of these.
struct PromptReader {
  let model: LoadedModel
  let limit: Int
  let render: ([ChatMessage], LoadedModel) throws(Refusal) -> [Token]

  func prompts(_ fields: Fields, _ member: String) throws(Refusal) -> [[Token]] {
    guard let value = fields[member] else { throw .missing(field: member) }
    let list = value.array ?? [value]
    guard (1...limit).contains(list.count) else {
      throw .outOfRange(
        field: member, found: "\(list.count) prompts", allowed: "1 to \(limit) prompts")
    }
    var result: [[Token]] = []
    for (index, element) in list.enumerated() {
      let place = value.array == nil ? member : "\(member)[\(index)]"
      let tokens = try prompt(element, place)
      guard !tokens.isEmpty else { throw .engine(.emptyPrompt) }
      result.append(tokens)
    }
    return result
  }

  private func prompt(_ value: JSONValue, _ place: String) throws(Refusal) -> [Token] {
    if let text = value.string {
      return try model.tokens(ofPrompt: text, field: place)
    }
    switch try RunRequest.prompt(Fields(value, path: place + ".")) {
    case .text(let text): return try model.tokens(ofPrompt: text, field: place)
    case .tokens(let tokens): return tokens
    case .messages(let messages): return try render(messages, model)
    }
  }
}
