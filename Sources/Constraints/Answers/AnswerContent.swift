package import JSON

/// What the text of an answer must be.
package enum AnswerContent: Sendable, Hashable {
  /// Any text.
  case text
  /// Any JSON object.
  case jsonObject
  /// JSON that fits a schema.
  case schema(JSONValue)
  /// A text that fits a regular expression from beginning to end.
  case regex(String)
  /// One of some texts.
  case choice([String])
  /// A text of a grammar in llama.cpp's notation.
  case grammar(String)

  /// The kind in a word.
  package var kind: String {
    switch self {
    case .text: "text"
    case .jsonObject: "json_object"
    case .schema: "json_schema"
    case .regex: "regex"
    case .choice: "choice"
    case .grammar: "grammar"
    }
  }

  /// Whether nothing is whole before its end, so that what is cut off leaves a broken value.
  package var isValue: Bool {
    switch self {
    case .jsonObject, .schema: true
    case .text, .regex, .choice, .grammar: false
    }
  }
}

/// A function that may be called.
package struct CallableTool: Sendable, Hashable {
  package let name: String
  /// The schema of its arguments; nil for any object.
  package let parameters: JSONValue?
  /// Where the schema stands in the request.
  package let path: String

  package init(name: String, parameters: JSONValue?, path: String) {
    self.name = name
    self.parameters = parameters
    self.path = path
  }
}

/// The calls of an answer.
package struct AnswerCalls: Sendable, Hashable {
  package let tools: [CallableTool]
  /// Whether there must be one.
  package let areNeeded: Bool
  /// Whether there may be several.
  package let areParallel: Bool

  package init(tools: [CallableTool], areNeeded: Bool, areParallel: Bool) {
    self.tools = tools
    self.areNeeded = areNeeded
    self.areParallel = areParallel
  }
}
