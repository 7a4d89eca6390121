internal import HTTP
internal import HTTPTypes
internal import Hooks
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
    case .keepsNoSteps(let id):
      (
        .conflict, "job_goes_forward",
        "Run \(id) is an analysis and can't go back; POST /v1/analyses begins another"
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
    case .limit(let limit): ErrorReply.limitReached(limit).worded
    case .tooManyPaused(let limit, let own):
      (
        .serviceUnavailable, "too_many_paused_runs",
        "No room for another paused run: \(limit) may stand still at a time, \(own) of them are from this address, "
          + "and one client may have as many as it leaves to others; resume or cancel some"
      )
    case .tooManyReplays(let limit, let own):
      (
        .serviceUnavailable, "too_many_replays",
        "No room for another replay: \(limit) may be open at a time, \(own) of them are from this address, "
          + "and one client may have as many as it leaves to others; cancel some or wait for their end"
      )
    case .tooManyHooks(let id, let limit):
      (
        .conflict, "too_many_hooks",
        "Run \(id) can have \(limit) different hooks from its beginning to its end, and these would be more; "
          + "add again those it had, or go on in a fork"
      )
    case .tooManyWatches(let id):
      (
        .conflict, "too_many_watches",
        "Run \(id) can have \(WatchList.most) watches at a time, on \(WatchList.mostDirections) directions in all, and "
          + "\(WatchList.mostEver) from its beginning to its end, and these would be more; take some off, or go on in a fork"
      )
    case .tooManyDirections(let id, let limit):
      (
        .conflict, "too_many_directions",
        "The hooks of run \(id) can have directions of \(limit) numbers from its beginning to its end, and these "
          + "would be more; project on fewer, or go on in a fork"
      )
    case .tooManyInterventions(let id, let limit):
      (
        .conflict, "too_many_interventions",
        "Run \(id) can have \(limit) interventions at a time, and has them; remove some first"
      )
    case .engine(let error): error.sentence
    case .recording(let error): error.sentence
    }
  }

  /// The facts as a JSON object, for programs.
  var details: [UInt8]? {
    switch self {
    case .notFound(let id), .ended(let id, _), .notPaused(let id), .goesForward(let id, _),
      .keepsNoSteps(let id), .tooManyWatches(let id),
      .tooManyHooks(let id, _), .tooManyDirections(let id, _), .tooManyInterventions(let id, _):
      JSONWriter.object { $0.member("run_id", id) }
    case .engine(let error): error.details
    case .limit(let limit): ErrorReply.limitReached(limit).details
    case .tooManyPaused(let limit, let own), .tooManyReplays(let limit, let own):
      JSONWriter.object {
        $0.member("limit", limit)
        $0.member("own", own)
      }
    case .tooMany, .tooManyOfClient, .recording: nil
    }
  }
}
