import Templates

/// What a model sets around the parts of its answer, for those who hold the parts to something.
package struct AnswerMarks: Sendable, Equatable {
  /// How calls are written.
  package enum Calls: Sendable, Equatable {
    case none
    /// Each as an object between two marks.
    case tagged(open: String, close: String)
    /// Behind a mark as an array of objects; the closing mark may be empty.
    case listed(open: String, close: String)
    /// Behind a mark as a name, a second mark, and the arguments.
    case named(open: String, arguments: String)
    /// One object in place of the answer.
    case bare
  }

  /// The control tokens of Harmony's messages.
  package struct Channels: Sendable, Equatable {
    package let start: Token
    package let channel: Token
    package let message: Token
    package let constrain: Token
    package let end: Token
  }

  package var calls = Calls.none
  /// Where the answer may begin with a thought.
  package var thinks = false
  /// Whether the prompt ended within one.
  package var isInThought = false
  package var channels: Channels?

  package static let thought = OutputMarks.thought
}

extension ChatFormat {
  /// The marks around the answer to a prompt.
  package func answerMarks(_ options: ChatOptions, _ prompt: RenderedPrompt) -> AnswerMarks {
    var found = AnswerMarks()
    switch kind {
    case .none: break
    case .harmony(let tokens):
      found.channels = AnswerMarks.Channels(
        start: tokens.start, channel: tokens.channel, message: tokens.message,
        constrain: tokens.constrain, end: tokens.end)
    case .template(let template, _):
      let marks = OutputMarks(template: template.source)
      found.thinks = marks.thinks
      found.isInThought = marks.thinks && prompt.endsInThought
      switch marks.calls {
      case .none: break
      case .tagged:
        found.calls = .tagged(open: OutputMarks.call.open, close: OutputMarks.call.close)
      case .listed(let open, let close):
        // Where the vocabulary has the second mark, the model was taught to write it.
        let knowsArguments = close.isEmpty && tokenizer.token(spelt: OutputMarks.arguments) != nil
        found.calls =
          knowsArguments
          ? .named(open: open, arguments: OutputMarks.arguments)
          : .listed(open: open, close: close)
      case .bare: found.calls = .bare
      }
    }
    return found
  }
}

extension RenderedPrompt {
  /// Whether the prompt ends with the beginning of a thought.
  var endsInThought: Bool {
    text.suffix(32).reversed().drop { $0.isWhitespace }
      .starts(with: OutputMarks.thought.open.reversed())
  }
}
