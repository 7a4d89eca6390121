internal import HTTP
extension RunCommands {
  /// Begins a run that goes on from where this one is.
  enum Fork: RunCommand {
    static let name = "fork"
    static let scope = Scope.run
    static let makesRun = true

    static func perform(_ call: RunCall) async throws(Refusal) -> RunAnswer {
      let run = try call.computed()
      return .made(try await call.service.fork(run, call.optionalFields()))
    }
  }
}
