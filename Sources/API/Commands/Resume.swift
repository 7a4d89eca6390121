internal import HTTP
internal import Runs

extension RunCommands {
  /// Goes on after a pause.
  enum Resume: RunCommand {
    static let name = "resume"
    static let scope = Scope.run

    static func perform(_ call: RunCall) async throws(Refusal) -> RunAnswer {
      let run = try call.run()
      try await refusing { () throws(RunError) in try await run.resume() }
      return .run(run)
    }
  }
}
