/// What a record holds.
package enum RecordType: UInt8, Hashable, Sendable, CaseIterable {
  /// JSON: the run, model, hashes, seed. Always the first record.
  case metadata = 1
  /// JSON: the body of the request that made the run.
  case request = 2
  /// JSON: one event, as it was sent.
  case event = 3
  /// The bytes of one frame, as they were sent.
  case frame = 4
  /// JSON: hooks or interventions changed while the run went on.
  case change = 5
  /// The index; the last record of a finished recording.
  case index = 6
}
