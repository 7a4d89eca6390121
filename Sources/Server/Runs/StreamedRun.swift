package import Frames

/// What every door needs of a run, whether a model computes it or a recording is played.
package protocol StreamedRun: AnyObject, Sendable {
  var id: String { get }
  var created: Int { get }
  var topic: Topic { get }
  /// Writes the run object as it is now.
  func object() async -> [UInt8]
  /// Whether nothing more will happen in it.
  func isOver() async -> Bool
  /// Ends it before its next step.
  func cancel()
}

extension Run: StreamedRun {
  package func object() -> [UInt8] { facts.json }
  package func isOver() -> Bool { status.isOver }
}
