internal import HTTP
internal import Engine
internal import JSON
internal import HTTPTypes
internal import Hooks
internal import Runs

extension Routes {
  /// What a command answers over REST.
  static func reply(_ answer: RunAnswer) async -> Reply {
    switch answer {
    case .run(let run): return .json(await run.object())
    case .made(let run):
      var fields = HTTPFields()
      fields[further: .runID] = run.id
      fields[.location] = "/v1/runs/\(run.id)"
      return .json(await run.object(), status: .created, fields: fields)
    case .members(let run, let status, let write):
      let json = JSONWriter.object { writer in
        writer.member("run_id", run.id)
        write(&writer)
      }
      return .json(json, status: status)
    }
  }

  /// `DELETE /v1/runs/{id}/interventions`.
  func clearInterventions(_ request: Request) async throws(Refusal) -> Reply {
    let run = try RunCall(request, service).computed()
    let removed = try await service.removeInterventions(run)
    return .json(
      JSONWriter.object { writer in
        writer.array("removed") { writer in
          for one in removed { writer.object { one.write(to: &$0) } }
        }
      })
  }
}
