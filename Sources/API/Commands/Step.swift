internal import HTTP
extension RunCommands {
  /// Goes on for some steps of a paused run, then pauses again.
  enum Step: RunCommand {
    static let name = "step"
    static let scope = Scope.run

    static func perform(_ call: RunCall) async throws(Refusal) -> RunAnswer {
      let run = try call.run()
      try await call.service.step(run, call.optionalFields())
      return .run(run)
    }
  }
}
