internal import HTTP
internal import Runs

extension RunCommands {
  /// Stops before the next step; a replay, before its next event.
  enum Pause: RunCommand {
    static let name = "pause"
    static let scope = Scope.run

    static func perform(_ call: RunCall) async throws(Refusal) -> RunAnswer {
      let run = try call.run()
      try await refusing { () throws(RunError) in try await run.pause() }
      return .run(run)
    }
  }
}
