internal import HTTP
internal import JSON
internal import HTTPTypes

extension RunCommands {
  /// Takes an intervention off, from the run's next step on.
  enum RemoveIntervention: RunCommand {
    static let name = "remove_intervention"
    static let scope = Scope.intervene
    static let method = HTTPRequest.Method.delete
    static let path = "interventions/{intervention}"
    static let furtherMembers: Set<String> = ["intervention_id"]

    static func perform(_ call: RunCall) async throws(Refusal) -> RunAnswer {
      let run = try call.computed()
      let named = try call.text("intervention_id")
      guard let id = try call.text("intervention") ?? named else {
        throw .missing(field: "intervention_id")
      }
      let applied = try await call.service.removeIntervention(run, id: id)
      return .members(of: run) { applied.write(to: &$0) }
    }
  }
}
