/// What one forward pass was.
package struct PassFacts: Sendable, Equatable {
  /// What a pass computes: next tokens, prompts, or both side by side.
  package enum Kind: String, Sendable, CaseIterable { case decode, prompt, mixed }

  /// Rows that were some generation's newest token.
  package let decodeRows: Int
  /// Rows of prompts.
  package let promptRows: Int
  /// Seconds that the layers took.
  package let seconds: Double

  package init(decodeRows: Int, promptRows: Int, seconds: Double) {
    self.decodeRows = decodeRows
    self.promptRows = promptRows
    self.seconds = seconds
  }

  package var kind: Kind {
    if promptRows == 0 { return .decode }
    return decodeRows == 0 ? .prompt : .mixed
  }
}

/// Who is told of an engine's forward passes.
package protocol PassObserver: Sendable {
  /// A pass is over.
  ///
  /// Called on the engine's loop between two passes: it must not wait.
  func note(_ pass: PassFacts)
}
