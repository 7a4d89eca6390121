package import Engine
package import JSON
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
  case tooMany(limit: Int)
  /// One client has as many as one may have.
  case tooManyOfClient(limit: Int)
  case engine(EngineError)
  case recording(RecordingError)
}
