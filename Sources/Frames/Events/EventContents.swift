public import JSON

/// What each type of event adds to the envelope, but for activations, whose tensors travel beside it.
public enum EventContents: Hashable, Sendable {
  /// The run begins: the model, its hash, the prompt, the hooks with their indices, how tokens are drawn.
  case runStarted(
    model: String, modelHash: String?, tokenIDs: [Int], pieces: [String], hooks: [JSONValue],
    sampling: JSONValue)
  /// So many of the prompt's tokens have been read.
  case promptProgress(processed: Int, total: Int)
  /// A token was drawn.
  case token(id: Int, text: String, logprob: Double?, top: [Alternative])
  /// Text that was held back as the beginning of a stop string, and is plain text after all.
  case text(String)
  /// An analysis has a result.
  case analysis(name: String, result: JSONValue)
  /// An intervention takes effect, from this step on.
  case interventionApplied(interventionID: String, firstStep: Int)
  case runPaused
  case runResumed
  /// Another run continues from here.
  case runForked(childRunID: String)
  /// What this viewer did not get.
  case gap([Dropped])
  /// The run is over.
  case runFinished(reason: String, usage: JSONValue, timings: JSONValue)
  /// The run failed, or something in it did.
  case error(JSONValue)

  /// A token that could have been drawn.
  public struct Alternative: Hashable, Sendable {
    /// Its number in the vocabulary.
    public var tokenID: Int
    /// The text it stands for.
    public var text: String
    /// The natural logarithm of its probability.
    public var logprob: Double

    /// Collects the parts.
    public init(tokenID: Int, text: String, logprob: Double) {
      self.tokenID = tokenID
      self.text = text
      self.logprob = logprob
    }
  }

  /// Frames of one hook that were not sent.
  public struct Dropped: Hashable, Sendable {
    /// The hook whose frames they were.
    public var hookID: String
    /// The number of the first of them.
    public var firstSequence: UInt64
    /// The number of the last of them.
    public var lastSequence: UInt64
    /// How many there were.
    public var count: Int

    /// Collects the parts.
    public init(hookID: String, firstSequence: UInt64, lastSequence: UInt64, count: Int) {
      self.hookID = hookID
      self.firstSequence = firstSequence
      self.lastSequence = lastSequence
      self.count = count
    }
  }
}
