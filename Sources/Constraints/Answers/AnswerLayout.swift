/// How a model lays out an answer: its thought, its text, its calls, and the marks between them.
package struct AnswerLayout: Sendable, Hashable {
  /// A mark, as a control token or as plain text.
  package enum Mark: Sendable, Hashable {
    case control(Int32)
    case text(String)
  }

  /// A thought before the answer.
  package struct Thought: Sendable, Hashable {
    package let open: Mark
    package let close: Mark
    /// Whether the prompt ended within it.
    package let hasBegun: Bool

    package init(open: Mark, close: Mark, hasBegun: Bool) {
      self.open = open
      self.close = close
      self.hasBegun = hasBegun
    }
  }

  /// How calls are written.
  package enum Calls: Sendable, Hashable {
    /// The model knows of none.
    case none
    /// Each as an object between two marks.
    case tagged(open: Mark, close: Mark)
    /// Behind a mark as an array of objects, with a mark at its end or none.
    case listed(open: Mark, close: Mark?)
    /// Behind a mark as a name, a second mark, and the arguments.
    case named(open: Mark, arguments: Mark)
    /// One object in place of the answer.
    case bare
  }

  /// The control tokens of Harmony, which writes everything as messages in channels.
  package struct Channels: Sendable, Hashable {
    package let start: Int32
    package let channel: Int32
    package let message: Int32
    package let constrain: Int32
    package let end: Int32

    package init(start: Int32, channel: Int32, message: Int32, constrain: Int32, end: Int32) {
      self.start = start
      self.channel = channel
      self.message = message
      self.constrain = constrain
      self.end = end
    }
  }

  package var thought: Thought?
  package var calls: Calls
  package var channels: Channels?

  package init(thought: Thought? = nil, calls: Calls = .none, channels: Channels? = nil) {
    self.thought = thought
    self.calls = calls
    self.channels = channels
  }

  /// Whether the model can call functions.
  package var hasCalls: Bool { calls != .none || channels != nil }

  /// All control tokens of the marks, in the order of their symbols.
  package var controls: [Int32] {
    var marks: [Mark] = thought.map { [$0.open, $0.close] } ?? []
    switch calls {
    case .none, .bare: break
    case .tagged(let open, let close): marks += [open, close]
    case .listed(let open, let close): marks += [open] + (close.map { [$0] } ?? [])
    case .named(let open, let arguments): marks += [open, arguments]
    }
    var tokens = channels.map { [$0.start, $0.channel, $0.message, $0.constrain, $0.end] } ?? []
    for case .control(let token) in marks where !tokens.contains(token) { tokens.append(token) }
    return tokens
  }
}
