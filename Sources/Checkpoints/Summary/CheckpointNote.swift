/// What a checkpoint's user should know before trusting its answers; nothing in it is wrong.
package enum CheckpointNote: Sendable, Equatable {
  /// A byte-level vocabulary of a GGUF file that does not say how text is split (`tokenizer.ggml.pre`).
  case missingPreTokenizer
  /// Positions turn by one set of frequencies in runs of up to so many tokens, by another in longer ones (longrope).
  case twoRopes(original: Int)
  /// Positions would turn by other frequencies in runs of more tokens than the context holds (dynamic NTK).
  case dynamicRope(context: Int)
}

extension CheckpointNote: CustomStringConvertible {
  /// The sentence made of it.
  package var description: String {
    switch self {
    case .missingPreTokenizer:
      "tokenizer.ggml.pre is missing: text is split by llama.cpp's default, which may not be the model's own rule"
    case .twoRopes(let original):
      "positions are stretched (longrope): a run that grows beyond \(original) tokens takes the other factors, and "
        + "everything before is computed again with them"
    case .dynamicRope(let context):
      "rope_type dynamic stretches positions only in runs of more than \(context) tokens, which are not run here"
    }
  }
}

extension Checkpoint {
  /// Everything there is to know of this one.
  package var notes: [CheckpointNote] {
    var notes: [CheckpointNote] = []
    if case .gguf(let fields) = tokenizer, fields.model == "gpt2", fields.pre == nil {
      notes.append(.missingPreTokenizer)
    }
    if let original = configuration.rope?.originalContextOfTwoSets,
      configuration.contextLength > original
    {
      notes.append(.twoRopes(original: original))
    }
    if configuration.rope?.scaling == .dynamic {
      notes.append(.dynamicRope(context: configuration.contextLength))
    }
    return notes
  }
}
