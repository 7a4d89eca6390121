internal import HTTP
internal import JSON
internal import Engine
internal import Frames
internal import Runs

extension RunCommands {
  /// Adds and takes off hooks while the run runs.
  enum ChangeHooks: RunCommand {
    static let name = "hooks"
    static let scope = Scope.intervene

    static func perform(_ call: RunCall) async throws(Refusal) -> RunAnswer {
      let run = try call.computed()
      let first = try await call.service.changeHooks(run, call.fields())
      let list = await run.facts.hooks
      return .members(of: run) { writer in
        writer.member("first_step", first)
        writer.member("hooks", .array(list.map { $0.json(run.order.model.catalogue) }))
      }
    }
  }
}
