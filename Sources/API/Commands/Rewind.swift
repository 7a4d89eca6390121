internal import HTTP
extension RunCommands {
  /// Takes back what came after a step, and pauses.
  enum Rewind: RunCommand {
    static let name = "rewind"
    static let scope = Scope.intervene

    static func perform(_ call: RunCall) async throws(Refusal) -> RunAnswer {
      let run = try call.run()
      try await call.service.rewind(run, call.fields())
      return .run(run)
    }
  }
}
