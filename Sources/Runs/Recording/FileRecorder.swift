package import Streams
package import Frames
internal import JSON
package import Recordings
internal import Synchronization

/// A run's recording in a file, which viewers that come late read while it is still written.
package final class FileRecorder: RunRecorder {
  private struct State {
    let writer: RecordingWriter
    /// A failure that a viewer's reading met first, until the run hears of it.
    var fault: RecordingError?
    /// Open as long as the file is written; later readers open it anew, so that a thousand finished runs hold no
    /// descriptors.
    var tail: RecordingTail?
  }

  package let id: String
  private let path: String
  private let state: Mutex<State>
  private let made: RecordedItems

  /// Creates the file.
  package init(
    id: String, path: String, metadata: RecordingMetadata, request: [UInt8], milliseconds: UInt64,
    quota: Int, claim: RecordingClaim? = nil, epoch: String
  ) throws(RecordingError) {
    self.id = id
    self.path = path
    made = RecordedItems(run: metadata.runID, recordedRun: metadata.runID, epoch: epoch)
    let writer = try RecordingWriter(
      path: path, metadata: metadata, createdMilliseconds: milliseconds, quota: quota,
      claim: claim)
    try writer.append(request: request, microseconds: 0)
    state = Mutex(State(writer: writer, tail: try RecordingTail(path: path)))
  }

  package func record(
    event json: [UInt8], sequence: UInt64, milliseconds: Double
  ) throws(RunError) {
    made.noteHooks(of: json)
    try write { writer throws(RecordingError) in
      try writer.append(
        event: json, sequence: sequence, microseconds: Self.microseconds(milliseconds))
      // A pass ends with its token's event: a killed server loses at most the pass under way.
      try writer.flush()
    }
  }

  package func record(_ frame: FrameBytes, milliseconds: Double) throws(RunError) {
    try write { writer throws(RecordingError) in
      try writer.append(frame: frame, microseconds: Self.microseconds(milliseconds))
    }
  }

  package func record(change json: [UInt8], milliseconds: Double) throws(RunError) {
    try write { writer throws(RecordingError) in
      try writer.append(change: json, microseconds: Self.microseconds(milliseconds))
    }
  }

  package func finish() throws(RunError) {
    defer { state.withLock { $0.tail = nil } }
    try write { writer throws(RecordingError) in try writer.finish() }
  }

  package func finish(
    event json: [UInt8], sequence: UInt64, milliseconds: Double
  ) throws(RunError) {
    defer { state.withLock { $0.tail = nil } }
    try write { writer throws(RecordingError) in
      try writer.append(
        event: json, sequence: sequence, microseconds: Self.microseconds(milliseconds))
      try writer.finish()
    }
  }

  private func write(
    _ body: @Sendable (RecordingWriter) throws(RecordingError) -> Void
  ) throws(RunError) {
    let result = state.withLock { state in
      Result { () throws(RecordingError) in
        if let fault = state.fault.take() { throw fault }
        do throws(RecordingError) { try body(state.writer) } catch {
          // Quotas keep room for the index, so what is recorded becomes a whole file.
          try? state.writer.finish()
          state.tail = nil
          throw error
        }
      }
    }
    do { try result.get() } catch { throw .recording(error) }
  }

  private static func microseconds(_ milliseconds: Double) -> UInt64 {
    UInt64((max(0, min(milliseconds, 1e15)) * 1000).rounded())
  }
}

extension FileRecorder: TopicArchive {
  package func items(_ range: ClosedRange<UInt64>, atMost byteCount: Int) -> [TopicItem] {
    let (places, open): ([RecordingEntry], RecordingTail?) = state.withLock { state in
      do throws(RecordingError) {
        return (try state.writer.places(of: range, atMost: byteCount), state.tail)
      } catch {
        state.fault = error
        return ([], nil)
      }
    }
    guard places.first?.sequence == range.lowerBound,
      let tail = open ?? (try? RecordingTail(path: path))
    else { return [] }
    return made.items(places) { entry throws(RecordingError) in try tail.payload(of: entry) }
  }
}
