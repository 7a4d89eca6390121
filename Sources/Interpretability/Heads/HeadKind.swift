/// A kind of attention head that the literature has a name for.
package enum HeadKind: String, Sendable, CaseIterable {
  /// Attends to the position before (Olsson and others 2022).
  case previousToken = "previous_token"
  /// Attends to earlier occurrences of the same token (Wang and others 2022).
  case duplicateToken = "duplicate_token"
  /// Attends to what stood behind earlier occurrences of the same token (Olsson and others 2022).
  case induction
  /// Attends from the end to the name that comes next, and raises its logit (Wang and others 2022).
  case nameMover = "name_mover"
  /// Moves name movers away from the name that is repeated (Wang and others 2022).
  case subjectInhibition = "s_inhibition"
  /// Attends to what would come next, and lowers its logit (McDougall and others 2023).
  case copySuppression = "copy_suppression"
  /// Attends to the first position, or to the sink beside all positions (Xiao and others 2023).
  case attentionSink = "attention_sink"

  /// What a head's score must be at least for it to be called that.
  package var threshold: Float {
    switch self {
    case .previousToken, .duplicateToken, .induction: 0.4
    case .nameMover, .copySuppression: 0.3
    case .subjectInhibition: 0.02
    case .attentionSink: 0.5
    }
  }

  /// What the score is.
  package var meaning: String {
    switch self {
    case .previousToken: "mean attention to the position before"
    case .duplicateToken: "mean attention to earlier occurrences of the token"
    case .induction: "mean attention to the positions behind earlier occurrences of the token"
    case .nameMover:
      "mean attention from the end to the name that comes next, of heads that give at least a "
        + "hundredth of its logit less the other's"
    case .subjectInhibition:
      "the share of the logit difference that goes when name movers' queries at the end read the head "
        + "as of a prompt with the other name repeated"
    case .copySuppression:
      "mean attention from the end to the name that comes next, of heads that take at least a "
        + "hundredth off its logit less the other's"
    case .attentionSink: "mean attention to the first position and beside all, from the second half"
    }
  }
}

/// A test that heads were put to.
package enum HeadTest: String, Sendable, CaseIterable {
  /// Random lists of tokens, each given twice.
  case repeats
  /// Random tokens of which some pieces come again later, each at another distance.
  case copies
  /// Two names, one of them again, and a gap for the other.
  case names

  /// What it tells of; a kind of two tests has the smaller score.
  package var kinds: [HeadKind] {
    switch self {
    case .repeats: [.previousToken, .duplicateToken, .induction, .attentionSink]
    case .copies: [.previousToken, .duplicateToken, .induction]
    case .names: [.nameMover, .subjectInhibition, .copySuppression]
    }
  }

  package var summary: String {
    switch self {
    case .repeats: "Random lists of tokens, each given twice."
    case .copies: "Random tokens of which some pieces come again later, each at another distance."
    case .names:
      "When A and B went to the store, B gave a drink to: the logit of A less that of B, A and B in either order."
    }
  }
}
