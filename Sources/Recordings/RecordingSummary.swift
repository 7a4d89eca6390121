package import JSON

/// What a list of recordings says of each.
package struct RecordingSummary: Hashable, Sendable {
  package var recordingID: String
  package var metadata: RecordingMetadata
  package var bytes: Int
  package var events: Int
  package var frames: Int
  package var isComplete: Bool
  /// Milliseconds since 1970.
  package var createdMilliseconds: UInt64
  /// Whether others than its key may see it.
  package var isShared = false

  /// Reads what a file says of itself.
  package init(recordingID: String, _ reader: RecordingReader) {
    self.recordingID = recordingID
    metadata = reader.metadata
    bytes = reader.byteCount
    events = reader.entries.count { $0.type == .event }
    frames = reader.entries.count { $0.type == .frame }
    isComplete = reader.isComplete
    createdMilliseconds = reader.createdMilliseconds
  }

  /// The entry of `GET /v1/recordings`.
  package var json: JSONValue {
    [
      "recording_id": .string(recordingID), "run_id": .string(metadata.runID),
      "model": .string(metadata.model), "bytes": JSONValue(bytes), "events": JSONValue(events),
      "frames": JSONValue(frames), "complete": .bool(isComplete),
      "created": JSONValue(createdMilliseconds / 1000),
      "owner": metadata.owner.map { .string($0) } ?? .null, "shared": .bool(isShared),
    ]
  }
}
