import Templates

extension ChatFormat {
  /// Whether answers come in channels (thought, answer, calls) that only ``makeOutputParser()`` tells apart.
  package var writesChannels: Bool { if case .harmony = kind { true } else { false } }
}

extension ChatFormat {
  /// A reader for the answer to one prompt; nil where all of the answer is text.
  ///
  /// Calls are looked for where functions were offered, thoughts wherever the template knows of them.
  package func outputParser(_ options: ChatOptions, _ prompt: RenderedPrompt) -> ChatOutputParser? {
    guard case .template(let template, _) = kind else {
      return writesChannels ? makeOutputParser() : nil
    }
    let marks = OutputMarks(template: template.source)
    let expectsCalls = !options.tools.isEmpty && marks.calls != .none
    guard marks.thinks || expectsCalls else { return nil }
    let output = MarkedOutput(
      marks, expectsCalls: expectsCalls, beginsInThought: marks.thinks && prompt.endsInThought)
    return ChatOutputParser(
      .marked(MarkedText(tokenizer, marks, ends: stopTokens, output)))
  }

  /// The first of the options that this format has no use for, by its name in requests.
  package func unread(_ options: ChatOptions) -> String? {
    let names = options.variables.keys.sorted()
    switch kind {
    case .none: return nil
    case .harmony:
      if options.continuesFinalMessage { return "continue_final_message" }
      return names.first.map { "chat_template_kwargs.\($0)" }
    case .template(let template, _):
      if options.reasoningEffort != nil, !template.source.contains("reasoning_effort") {
        return "reasoning_effort"
      }
      return names.first { !template.source.contains($0) }.map { "chat_template_kwargs.\($0)" }
    }
  }
}
