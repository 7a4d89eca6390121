internal import HTTP
internal import JSON
internal import Engine
internal import Frames
internal import Runs

extension RunCommands {
  /// Watches a run for more, or for less, while it runs.
  enum ChangeWatches: RunCommand {
    static let name = "watch"
    static let scope = Scope.intervene

    static func perform(_ call: RunCall) async throws(Refusal) -> RunAnswer {
      let run = try call.computed()
      let first = try await call.service.changeWatches(run, call.fields())
      let list = await run.watches
      return .members(of: run) { writer in
        writer.member("first_step", first)
        writer.member("watches", .array(list.json))
      }
    }
  }
}
