package import Frames
internal import Recordings

/// A run's recording in a file.
///
/// - Isolation: belongs to the run, on the publishing loop.
package final class FileRecorder: RunRecorder {
  package let id: String
  private let writer: RecordingWriter

  /// Creates the file.
  init(
    id: String, path: String, metadata: RecordingMetadata, request: [UInt8], milliseconds: UInt64,
    quota: Int
  ) throws(RecordingError) {
    self.id = id
    writer = try RecordingWriter(
      path: path, metadata: metadata, createdMilliseconds: milliseconds, quota: quota)
    try writer.append(request: request, microseconds: 0)
  }

  package func record(
    event json: [UInt8], sequence: UInt64, milliseconds: Double
  ) throws(Refusal) {
    try write { writer throws(RecordingError) in
      try writer.append(
        event: json, sequence: sequence, microseconds: Self.microseconds(milliseconds))
    }
  }

  package func record(_ frame: FrameBytes, milliseconds: Double) throws(Refusal) {
    try write { writer throws(RecordingError) in
      try writer.append(frame: frame, microseconds: Self.microseconds(milliseconds))
    }
  }

  package func record(intervention json: [UInt8], milliseconds: Double) throws(Refusal) {
    try write { writer throws(RecordingError) in
      try writer.append(intervention: json, microseconds: Self.microseconds(milliseconds))
    }
  }

  package func finish() throws(Refusal) {
    try write { writer throws(RecordingError) in try writer.finish() }
  }

  private func write(
    _ body: (RecordingWriter) throws(RecordingError) -> Void
  ) throws(Refusal) {
    do throws(RecordingError) { try body(writer) } catch { throw .recording(error) }
  }

  private static func microseconds(_ milliseconds: Double) -> UInt64 {
    UInt64(max(0, min(milliseconds, 1e15)) * 1000)
  }
}
