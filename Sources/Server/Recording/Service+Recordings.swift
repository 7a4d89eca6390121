internal import Engine
internal import Frames
internal import Hooks
internal import Recordings

extension Service {
  /// The desk, where the server keeps recordings.
  func desk() throws(Refusal) -> RecordingDesk {
    guard let path = options.recordingsDirectory else { throw .recordingsDisabled }
    return RecordingDesk(path: path, quota: options.recordingQuota)
  }

  // MARK: Replaying

  /// Plays a recording as the body `{"speed": 1.0, "from": 0, "to": 100}` says.
  func replay(_ id: String, _ fields: Fields) throws(Refusal) -> Replay {
    try runs.checkRoom()
    let speed = try fields.number("speed", in: 0...1e6) ?? 1
    let first = try fields.integer("from", in: 0...Int.max) ?? 0
    let last = try fields.integer("to", in: 0...Int.max) ?? .max
    guard first <= last else {
      throw .outOfRange(field: "to", found: "\(last)", allowed: "at least from (\(first))")
    }
    let registry = runs
    let replay = makeReplay(
      of: id, try desk().reader(id), speed: speed, range: UInt64(first)...UInt64(last)
    ) { registry.noteEnd($0.id) }
    runs.add(replay)
    Task { await replay.play() }
    return replay
  }

  // MARK: Verifying

  /// What a second execution found.
  struct Verification: Sendable {
    var comparedFrames = 0
    var difference: Difference?

    struct Difference: Sendable {
      var sequence: UInt64
      var step: Int
      var hookID: String
      var reason: String
    }
  }

  /// Executes a recorded request again and compares every tensor and token.
  func verify(_ id: String) async throws(Refusal) -> Verification {
    let recorded = try RecordedTensors(try desk().reader(id))
    if let damage = recorded.damage { return Verification(difference: damage) }
    guard
      let model = engine.models.first(where: { $0.info.modelHash == recorded.modelHash })
    else { throw .modelNotFound(recorded.model) }
    let body = try Fields(body: recorded.request)
    var request = try RunRequest(body, model: model, registered: hooks, time: Int64(clock))
    request.interventions += try recorded.interventions.map { json throws(Refusal) in
      try Fields(body: json)
    }
    var order = try await order(request)
    order.awaitsViewer = false
    let run = try await start(order)
    let reader = TopicReader(run.topic)
    var again = RecordedTensors.Comparison()
    while let items = await reader.next() {
      for item in items { again.add(item, hooks: await run.facts.hooks) }
    }
    return recorded.compare(with: again)
  }
}
