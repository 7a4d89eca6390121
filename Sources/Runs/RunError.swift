package import Engine
package import JSON
package import Loops
package import Recordings

/// Makes of an error what viewers are told of it; sentences are the business of whoever made the run.
package typealias ErrorWording = @Sendable (RunError) -> JSONValue

/// Why something cannot be done to a run, as facts; `API` makes sentences of them.
package enum RunError: Error, Sendable {
  case notFound(String)
  case ended(String, status: RunStatus)
  case notPaused(String)
  /// A replay was asked to go back; the recording can be played again.
  case goesForward(String, recordingID: String)
  /// A job was asked to go back.
  case keepsNoSteps(String)
  case tooMany(limit: Int)
  /// One client has as many as one may have.
  case tooManyOfClient(limit: Int)
  /// The client has as many as its limits allow.
  case limit(LimitReached)
  /// There are as many paused runs as may be, or the client has as many as it leaves to others.
  case tooManyPaused(limit: Int, own: Int)
  case tooManyReplays(limit: Int, own: Int)
  /// A run has had as many hooks as one may have.
  case tooManyHooks(String, limit: Int)
  /// More watches than a run may have at a time or ever, or more directions than they may project on.
  case tooManyWatches(String)
  /// Its hooks have had as many numbers of directions as those of one run may have.
  case tooManyDirections(String, limit: Int)
  case tooManyInterventions(String, limit: Int)
  case engine(EngineError)
  case recording(RecordingError)
}
