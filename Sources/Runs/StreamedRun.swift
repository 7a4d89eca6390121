package import Streams
internal import Frames
internal import JSON

/// What every door needs of a run, whether a model computes it or a recording is played.
package protocol StreamedRun: AnyObject, Sendable {
  var id: String { get }
  var created: Int { get }
  var topic: Topic { get }
  /// Its place among the unfinished runs.
  var place: RunPlace { get }
  /// Writes the run object as it is now.
  func object() async -> [UInt8]
  /// Writes the run object for a list of many: what is long in it is cut, and `omitted` says how much.
  func brief() async -> [UInt8]
  /// Whether nothing more will happen in it.
  func isOver() async -> Bool
  /// Ends it before its next step.
  func cancel()
  /// Stops before the next step.
  func pause() async throws(RunError)
  /// Tells viewers that it ends soon, unless somebody watches or commands it.
  func warnOfEnd() async
  /// Goes on after a pause.
  func resume() async throws(RunError)
  /// Goes on for some steps of a paused one, then pauses again.
  func step(_ count: Int) async throws(RunError)
  /// Takes back what came after a step, and pauses.
  func rewind(to step: Int) async throws(RunError)
}

extension Run: StreamedRun {
  package func object() -> [UInt8] { facts.json }
  package func brief() -> [UInt8] { facts.shortened.json }
  package func isOver() -> Bool { progress.status.isOver }
}
