package import Frames

/// What keeps a run's stream as it is published.
///
/// - Isolation: called on the publishing loop, in the order of publishing.
package protocol RunRecorder: AnyObject, Sendable {
  /// The recording's id.
  var id: String { get }
  func record(_ event: Event)
  func record(_ frame: FrameBytes, milliseconds: Double)
  /// Nothing more will come.
  func finish()
}
