internal import HTTPTypes
internal import JSON
internal import Runs

extension RunError {
  /// Status, machine-readable name and sentence.
  var sentence: (HTTPResponse.Status, String, String) {
    switch self {
    case .notFound(let id): (.notFound, "run_not_found", "Run \(id) not found")
    case .ended(let id, let status):
      (.conflict, "run_ended", "Run \(id) is \(status.rawValue)")
    case .notPaused(let id): (.conflict, "run_not_paused", "Run \(id) is not paused")
    case .goesForward(let id, let recording):
      (
        .conflict, "replay_goes_forward",
        "Run \(id) replays a recording and can't go back; "
          + "POST /v1/recordings/\(recording)/replay plays it again, from any event"
      )
    case .tooMany(let limit):
      (
        .serviceUnavailable, "too_many_runs",
        "\(limit) runs are in progress, as many as this server allows"
      )
    case .tooManyOfClient(let limit):
      (
        .serviceUnavailable, "too_many_runs",
        "\(limit) runs from this address are in progress or paused, as many as one client may have; "
          + "cancel some or wait for their end"
      )
    case .engine(let error): error.sentence
    case .recording(let error): error.sentence
    }
  }

  /// The facts as a JSON object, for programs.
  var details: [UInt8]? {
    switch self {
    case .notFound(let id), .ended(let id, _), .notPaused(let id), .goesForward(let id, _):
      JSONWriter.object { $0.member("run_id", id) }
    case .engine(let error): error.details
    case .tooMany, .tooManyOfClient, .recording: nil
    }
  }
}
