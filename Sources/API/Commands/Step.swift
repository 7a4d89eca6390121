extension RunCommands {
  /// Goes on for some steps of a paused run, then pauses again.
  enum Step: RunCommand {
    static let name = "step"

    static func perform(_ call: RunCall) async throws(Refusal) -> RunAnswer {
      let run = try call.run()
      try await call.service.step(run, try call.optionalFields())
      return .run(run)
    }
  }
}
