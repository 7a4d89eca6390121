package import Engine
package import Hooks
package import Recordings
package import Runs

/// Why a request is not carried out, as facts; `Wording.swift` alone makes sentences of them.
package enum Refusal: Error, Sendable {
  // What was sent.
  case bodyRequired
  case malformedJSON(offset: Int, expected: String, found: String)
  case notAnObject(found: String)
  case missing(field: String)
  case wrongType(field: String, expected: String, found: String)
  case outOfRange(field: String, found: String, allowed: String)
  case unknownValue(field: String, found: String, allowed: [String])
  case conflict(fields: [String], reason: String)

  // The documented order of checks on the chat endpoints.
  case messagesRequired
  case hooksRequired
  case modelPathRequired
  case modelNotFound(String?)

  // Models.
  case pathNotAllowed(String)
  case pathNotFound(String)
  case noChatFormat(model: String, reason: String)

  // Hooks.
  case hookName(HookNameProblem, field: String)
  case hookWithoutSide(id: String, field: String)
  case repeatedHook(id: String, field: String)
  case selection(field: String, reason: String)
  case noRegisteredHooks(model: String)
  case captureTooLarge(estimate: Int, limit: Int)

  // Interventions.
  case intervention(InterventionProblem, field: String)
  case repeatedIntervention(id: String, field: String)
  case noSuchCapture(runID: String, hookID: String)
  /// It was kept for patches once, and gave way to later ones.
  case captureForgotten(runID: String, hookID: String, limit: Int)
  /// All that is left of it was rounded on its way out.
  case inexactCapture(runID: String, hookID: String, dtype: String)

  // Analyses.
  case repeatedAnalysis(name: String, field: String)
  case notOneToken(field: String, text: String, count: Int)
  case unequalLengths(field: String, found: Int, other: String, expected: Int)
  case unequalCounts(field: String, found: Int, expected: Int)
  case sweepTooLarge(passes: Int, tokens: Int, limit: Int)

  // Runs.
  case run(RunError)
  case notAModelRun(String)
  case hookNotFound(String, run: String)
  case badEventID(String)

  // Recordings.
  case recordingsDisabled
  case recordingNotFound(String)
  case recordingReadOnly
  case recording(RecordingError)

  // Scenarios, references, commands of the WebSocket.
  case scenarioNotFound(String, known: [String])
  case unknownCommand(String, known: [String])
  case textRequired
  case fileMissing(String)
  case fileNotFound(String)

  case engine(EngineError)
  case outOfMemory
}
