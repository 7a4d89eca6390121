internal import HTTP
internal import JSON
internal import Frames
internal import HTTPTypes

extension RunCommands {
  /// Changes the run from its next step on.
  enum Intervene: RunCommand {
    static let name = "intervene"
    static let scope = Scope.intervene
    static let path = "interventions"

    static func perform(_ call: RunCall) async throws(Refusal) -> RunAnswer {
      let run = try call.computed()
      let applied = try await call.service.intervene(run, call.fields())
      return .members(of: run, status: .created) { applied.write(to: &$0) }
    }
  }
}

extension Service.AppliedIntervention {
  /// Its members: the id and the first step that it reaches, or no longer reaches.
  func write(to writer: inout JSONWriter) {
    writer.member("intervention_id", id)
    writer.member("first_step", firstStep)
  }
}
