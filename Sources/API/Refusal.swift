package import Engine
package import HTTP
package import Hooks
package import Loops
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
  /// A member that the endpoint does not know, and a known one of which it may be a misspelling.
  case unknownMember(field: String, nearest: String?)
  /// A member that has a meaning elsewhere, and why it has none here.
  case notImplemented(field: String, found: String, reason: String)

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

  // Texts.
  /// Whatever its tokens are, they are more than the model can hold.
  case promptTooLong(bytes: Int, leastTokens: Int, contextLength: Int)

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
  case weightsTooLarge(products: Double, limit: Double)
  /// Bytes of an answer, or held on the way to it.
  case weightsTooHeavy(bytes: Double, limit: Int)

  // Runs.
  case run(RunError)
  case notAModelRun(String)
  case hookNotFound(String, run: String)
  case badEventID(String)

  // Keys.
  case scopeMissing(Scope, Caller)
  case keyUnknown
  /// Nothing needs a key here.
  case noKeys
  case keyFile(KeyFileError)
  /// The server has neither keys nor a certificate that could be read again.
  case nothingToReload
  case certificate(CertificateError)
  /// It can be seen, since it is shared, but it is another key's to change.
  case ofAnotherKey(String)

  // Recordings.
  case recordingsDisabled
  case recordingNotFound(String)
  case recordingReadOnly
  case recording(RecordingError)

  // Harvests.
  case harvestsDisabled
  case harvestFile(HarvestFileError)

  // Scenarios, references, commands of the WebSocket.
  case graphNotFound(String)
  case scenarioNotFound(String, known: [String])
  case unknownCommand(String, known: [String])
  case textRequired
  case fileMissing(String)
  case fileNotFound(String)
  /// A route of another server, and what does here what can be done of it.
  case notServed(String, instead: String)

  /// The client left before it was begun; nobody reads this.
  case abandoned
  case engine(EngineError)
  /// It was not computed, since too much waits or since whoever asked left.
  case work(WorkRefusal)
  case outOfMemory
}
