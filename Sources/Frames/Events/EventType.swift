/// The name of an event: `type` of the envelope, `event:` of a server-sent event.
public struct EventType: RawRepresentable, Hashable, Sendable {
  /// The name itself.
  public let rawValue: String

  /// Takes a name, known here or not.
  public init(rawValue: String) { self.rawValue = rawValue }

  /// The run begins.
  public static let runStarted = Self(rawValue: "run.started")
  /// Part of the prompt has been read.
  public static let promptProgress = Self(rawValue: "prompt.progress")
  /// A token was drawn.
  public static let token = Self(rawValue: "token")
  /// A tensor was captured.
  public static let activation = Self(rawValue: "activation")
  /// An analysis has a result.
  public static let analysis = Self(rawValue: "analysis")
  /// An intervention takes effect.
  public static let interventionApplied = Self(rawValue: "intervention.applied")
  /// The run stands still.
  public static let runPaused = Self(rawValue: "run.paused")
  /// The run goes on.
  public static let runResumed = Self(rawValue: "run.resumed")
  /// Another run continues from here.
  public static let runForked = Self(rawValue: "run.forked")
  /// A viewer was not sent something.
  public static let gap = Self(rawValue: "gap")
  /// The run is over.
  public static let runFinished = Self(rawValue: "run.finished")
  /// The run, or something in it, failed.
  public static let error = Self(rawValue: "error")
}
