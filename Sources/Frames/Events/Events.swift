/// The list of the events that runs tell: a name here, and its form in `Protocol/schemas/event.json`.
extension EventType {
  /// The run begins.
  public static let runStarted = Self(rawValue: "run.started")
  /// Part of the prompt has been read.
  public static let promptProgress = Self(rawValue: "prompt.progress")
  /// A token was drawn.
  public static let token = Self(rawValue: "token")
  /// Text that was held back for a stop string and belongs to the answer after all.
  public static let text = Self(rawValue: "text")
  /// A tensor was captured.
  public static let activation = Self(rawValue: "activation")
  /// An analysis has a result.
  public static let analysis = Self(rawValue: "analysis")
  /// Other tensors are captured from a step on.
  public static let hooksChanged = Self(rawValue: "hooks.changed")
  /// An intervention takes effect.
  public static let interventionApplied = Self(rawValue: "intervention.applied")
  /// An intervention no longer applies, from a step on.
  public static let interventionRemoved = Self(rawValue: "intervention.removed")
  /// The run is watched for other things, from a step on.
  public static let watchesChanged = Self(rawValue: "watches.changed")
  /// What the run is watched for was found in a pass.
  public static let watchFired = Self(rawValue: "watch.fired")
  /// The run stands still.
  public static let runPaused = Self(rawValue: "run.paused")
  /// The run goes on.
  public static let runResumed = Self(rawValue: "run.resumed")
  /// Tokens behind a step were taken back.
  public static let runRewound = Self(rawValue: "run.rewound")
  /// Another run continues from here.
  public static let runForked = Self(rawValue: "run.forked")
  /// It stands still, nobody watches, and it will soon be ended.
  public static let runExpiring = Self(rawValue: "run.expiring")
  /// The run goes on, but its recording could not.
  public static let recordingStopped = Self(rawValue: "recording.stopped")
  /// A job has begun: an analysis of many passes.
  public static let jobStarted = Self(rawValue: "job.started")
  /// How far a job is.
  public static let analysisProgress = Self(rawValue: "analysis.progress")
  /// What a job has found on its way.
  public static let analysisRows = Self(rawValue: "analysis.rows")
  /// What a job has found.
  public static let analysisResult = Self(rawValue: "analysis.result")
  /// A viewer was not sent something.
  public static let gap = Self(rawValue: "gap")
  /// The run is over.
  public static let runFinished = Self(rawValue: "run.finished")
  /// The run, or something in it, failed.
  public static let error = Self(rawValue: "error")

  /// All of them, in the order of a run's life.
  public static let all: [EventType] = [
    .runStarted, .promptProgress, .token, .text, .activation, .analysis, .hooksChanged,
    .interventionApplied, .interventionRemoved, .watchesChanged, .watchFired, .runPaused,
    .runResumed, .runRewound,
    .runForked, .runExpiring, .recordingStopped, .jobStarted, .analysisProgress, .analysisRows,
    .analysisResult, .gap, .runFinished, .error,
  ]
}
