/// How a model writes thoughts and function calls among its text, as far as its template shows it.
package struct OutputMarks: Sendable, Equatable {
  /// How calls are written.
  enum Calls: Sendable, Equatable {
    case none
    /// Each as an object between two marks (Hermes, Qwen).
    case tagged
    /// Behind a mark as an array of objects, or as names with arguments (Mistral); the array may end with a mark (Phi).
    case listed(open: String, close: String)
    /// As an object in place of an answer, with or without a mark before it (Llama 3).
    case bare
  }

  let calls: Calls
  /// Whether answers may begin with a thought between `<think>` and `</think>`.
  let thinks: Bool

  static let none = OutputMarks(calls: .none, thinks: false)
  static let thought = (open: "<think>", close: "</think>")
  static let call = (open: "<tool_call>", close: "</tool_call>")
  static let python = "<|python_tag|>"
  static let arguments = "[ARGS]"

  init(calls: Calls, thinks: Bool) {
    self.calls = calls
    self.thinks = thinks
  }

  /// Reads a template's source for the marks of the published families.
  init(template: String) {
    thinks = template.contains(Self.thought.close)
    if template.contains(Self.call.open) {
      calls = .tagged
    } else if template.contains("[TOOL_CALLS]") {
      calls = .listed(open: "[TOOL_CALLS]", close: "")
    } else if template.contains("<|tool_call|>") || template.contains("<|tool|>") {
      calls = .listed(open: "<|tool_call|>", close: "<|/tool_call|>")
    } else if template.contains(Self.python)
      || (template.contains("ipython") && template.contains("parameters"))
    {
      calls = .bare
    } else {
      calls = .none
    }
  }

  /// The marks that begin a call.
  var openings: [String] {
    switch calls {
    case .none: []
    case .tagged: [Self.call.open]
    case .listed(let open, _): [open]
    case .bare: [Self.python]
    }
  }

  /// What may end a call, or a list of them.
  var closing: String {
    switch calls {
    case .none, .bare: ""
    case .tagged: Self.call.close
    case .listed(_, let close): close
    }
  }

  /// All that may be spelt by a special token and yet has to be seen.
  var spellings: Set<String> {
    var all: Set<String> = [
      Self.thought.open, Self.thought.close, Self.call.open, Self.call.close, Self.python,
      Self.arguments,
    ]
    if case .listed(let open, let close) = calls { all.formUnion([open, close]) }
    return all
  }
}
