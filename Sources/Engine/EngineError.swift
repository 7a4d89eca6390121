package import Checkpoints
package import Hooks
package import Loops
package import Tokenizers

/// Why the engine can't do what was asked.
///
/// Facts; the server words them.
package enum EngineError: Error, Sendable {
  case emptyPrompt
  case tokenOutOfRange(Token, vocabularySize: Int)
  /// The prompt, and the tokens asked for, against what the model can hold.
  case contextOverflow(promptTokens: Int, maxTokens: Int, contextLength: Int)
  case unknownFamily(String, supported: [String])
  case checkpoint(CheckpointError)
  case tokenizer(TokenizerError)
  case unknownModel(String)
  /// Something was to be run on a model of which only the vocabulary was loaded.
  case vocabularyOnly(String)
  /// The generation has ended, so it can't be paused, stepped or changed.
  case ended(generation: UInt64)
  case notPaused(generation: UInt64)
  case stepOutOfRange(Int, last: Int)
  case intervention(InterventionProblem)
  case unknownIntervention(String)
  /// Too many generations are waiting.
  case overloaded(waiting: Int, limit: Int)
  /// The client has as much as its limits allow.
  case limit(LimitReached)
  /// The captures of one pass take more memory than those of one client may.
  case captureMemory(bytes: Int, limit: Int)
  /// Whoever asked for it left before it was done.
  case cancelled
  /// A library of the system is needed that can't be used here; the package of Debian that has it, and the system's reason.
  case noLibrary(String, package: String, reason: String)
  /// Scores were no numbers (damaged weights, or an intervention that blew up).
  case notFinite(step: Int)
}
