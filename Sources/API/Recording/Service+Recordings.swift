internal import HTTP
package import Recordings
package import Runs

extension Service {
  /// The desk, where the server keeps recordings.
  func desk() throws(Refusal) -> RecordingDesk {
    if let file = options.recordingFile { return RecordingDesk(file: file) }
    guard let path = options.recordingsDirectory else { throw .recordingsDisabled }
    return RecordingDesk(
      path: path,
      bounds: RecordingDesk.Bounds(
        quota: options.recordingQuota, allowance: allowance, kept: options.recordingsKept))
  }

  /// A recording, opened where files are read.
  func reader(_ id: String) async throws(Refusal) -> RecordingReader {
    let desk = try desk()
    return try await files.perform { () throws(Refusal) in try desk.reader(id) }
  }

  /// What `{"shared": true}` says, which no body says too.
  func sharing(_ request: Request) async throws(Refusal) -> Bool {
    try await fields(of: request, isOptional: true).bool("shared") ?? true
  }

  // MARK: Replaying

  /// Plays a recording as the body `{"speed": 1.0, "from": 0, "to": 100, "start": "paused"}` says.
  ///
  /// One that starts paused and that nobody comes to see is cancelled, as a run is.
  func replay(_ id: String, _ fields: Fields) async throws(Refusal) -> Replay {
    let place = try takePlace(.replay)
    let speed = try fields.number("speed", in: 0...1e6) ?? 1
    let first = try fields.integer("from", in: 0...Int.max) ?? 0
    let last = try fields.integer("to", in: 0...Int.max) ?? .max
    guard first <= last else {
      throw .outOfRange(field: "to", found: "\(last)", allowed: "at least from (\(first))")
    }
    let startsPaused = try fields.choice("start", ["running", "paused"]) == "paused"
    let replay = makeReplay(
      of: id, try await reader(id), at: place, speed: speed, range: UInt64(first)...UInt64(last),
      startsPaused: startsPaused)
    Task { await replay.play() }
    if startsPaused { awaitViewer(of: replay) }
    return replay
  }

  /// Plays the server's only recording under the recorded run's own name, from when its first viewer comes.
  ///
  /// Nobody's leaving ends it.
  package func replayFile(
    speed: Double, range: ClosedRange<UInt64>, startsPaused: Bool
  ) throws(Refusal) -> (replay: Replay, reader: RecordingReader) {
    guard let only = try desk().summaries().first else { throw .recordingsDisabled }
    let reader = try desk().reader(only.recordingID)
    let replay = try makeReplay(
      of: only.recordingID, reader, at: takePlace(.replay), as: only.metadata.runID, speed: speed,
      range: range,
      startsPaused: startsPaused)
    Task { await replay.playForViewers() }
    return (replay, reader)
  }

  /// Makes a replay and lists it.
  ///
  /// - Parameter name: of a replay that nobody's leaving ends; others get an id of their own.
  private func makeReplay(
    of recordingID: String, _ reader: RecordingReader, at place: RunPlace,
    as name: String? = nil, speed: Double,
    range: ClosedRange<UInt64>, startsPaused: Bool
  ) -> Replay {
    let registry = runs
    let replay = Replay(
      id: name ?? "run_" + Self.token(), place: place, recordingID: recordingID, reader: reader,
      speed: speed,
      range: range, startsPaused: startsPaused, isDetached: name != nil, clock: clock,
      services: services
    ) { registry.noteEnd($0.id) }
    list(replay)
    return replay
  }
}
