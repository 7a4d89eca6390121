/// What each type of event adds to the envelope; each list of fields is made in one place.
public enum EventContents: Hashable, Sendable {
  /// The run begins: the model, its hash, the prompt, the hooks with their indices, how tokens are drawn.
  case runStarted(
    model: String, modelHash: String?, tokenIDs: [Int], pieces: [String], hooks: [JSONValue],
    sampling: JSONValue)
  /// So many of the prompt's tokens have been read.
  case promptProgress(processed: Int, total: Int)
  /// A token was drawn.
  case token(id: Int, text: String, logprob: Double?, top: [Alternative])
  /// A tensor was captured; the numbers travel beside or are added by the transport.
  case activation(Activation)
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

  /// What an activation is, in words and numbers.
  public struct Activation: Hashable, Sendable {
    /// The hook as frames name it.
    public var hookIndex: Int
    /// The hook as the request named it.
    public var hookID: String
    /// The layer as the request named it.
    public var layerName: String
    /// The component as the request named it.
    public var component: String
    /// Whether it was taken on the way in.
    public var isInput: Bool
    /// The dimensions, outermost first.
    public var shape: [Int]
    /// How the numbers are stored.
    public var dtype: String
    /// From the first position to the one after the last.
    public var positions: Range<Int>

    /// Collects the parts.
    public init(
      hookIndex: Int, hookID: String, layerName: String, component: String, isInput: Bool,
      shape: [Int], dtype: String, positions: Range<Int>
    ) {
      self.hookIndex = hookIndex
      self.hookID = hookID
      self.layerName = layerName
      self.component = component
      self.isInput = isInput
      self.shape = shape
      self.dtype = dtype
      self.positions = positions
    }
  }
}
