internal import HTTP
internal import Engine
internal import JSON
internal import HTTPTypes
internal import Hooks
internal import Tokenizers
internal import Runs

extension Routes {
  /// `GET /v1/scenarios`.
  func listScenarios(_ request: Request) throws(Refusal) -> Reply {
    let scenarios = try Scenarios(service.installation)
    return .json(
      JSONWriter.object { writer in
        writer.array("scenarios") { writer in
          for scenario in scenarios.scenarios { writer.verbatim(scenario.json) }
        }
        writer.array("hook_configurations") { writer in
          for configuration in scenarios.configurations { writer.verbatim(configuration.json) }
        }
      })
  }

  /// `POST /v1/scenarios/{name}/run`: begins the scenario as a run; the body may change any member of the run.
  func runScenario(_ request: Request) async throws(Refusal) -> Reply {
    let scenarios = try Scenarios(service.installation)
    let changes = try await service.fields(of: request, isOptional: true)
    let model = try service.models.runnable(changes)
    let (body, scaling) = try scenarios.run(
      request.parameters["name"] ?? "", changes: changes, layers: model.catalogue.layers)
    let run = try await service.start(body, request.remarks)
    var fields = HTTPFields()
    fields[further: .runID] = run.id
    fields[.location] = "/v1/runs/\(run.id)"
    let object = await run.object()
    return .json(
      JSONWriter.object { writer in
        writer.member("run_id", run.id)
        writer.member("run", raw: object)
        writer.member("scenario", request.parameters["name"])
        writer.array("scaled_layers") { writer in
          for change in scaling {
            writer.object { writer in
              writer.member("hook_id", change.hookID)
              writer.member("documented_layer", change.from)
              writer.member("layer", change.to)
            }
          }
        }
      }, status: .created, fields: fields)
  }
}
