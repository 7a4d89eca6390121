package import Streams
package import Frames

/// What keeps a run's stream as it is published, and gives it to viewers that come late.
///
/// - Isolation: records come on the publishing loop, in the order of publishing.
package protocol RunRecorder: AnyObject, TopicArchive {
  /// The recording's id.
  var id: String { get }
  /// - Throws: why nothing more can be kept; what is kept stays readable.
  func record(event json: [UInt8], sequence: UInt64, milliseconds: Double) throws(RunError)
  func record(_ frame: FrameBytes, milliseconds: Double) throws(RunError)
  /// A change of hooks or interventions while the run goes on.
  func record(change json: [UInt8], milliseconds: Double) throws(RunError)
  /// Nothing more will come.
  func finish() throws(RunError)
  /// Keeps the last event and ends: both or neither, so that viewers can be told instead.
  func finish(event json: [UInt8], sequence: UInt64, milliseconds: Double) throws(RunError)
}
