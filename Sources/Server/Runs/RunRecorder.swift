package import Frames

/// What keeps a run's stream as it is published.
///
/// - Isolation: called on the publishing loop, in the order of publishing.
package protocol RunRecorder: AnyObject {
  /// The recording's id.
  var id: String { get }
  /// - Throws: why nothing more can be kept; what is kept stays readable.
  func record(event json: [UInt8], sequence: UInt64, milliseconds: Double) throws(Refusal)
  func record(_ frame: FrameBytes, milliseconds: Double) throws(Refusal)
  func record(intervention json: [UInt8], milliseconds: Double) throws(Refusal)
  /// Nothing more will come.
  func finish() throws(Refusal)
}
