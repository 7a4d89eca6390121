internal import Engine
internal import JSON
internal import HTTPTypes
internal import Hooks

extension Routes {
  private func named(_ request: Request) throws(Refusal) -> any StreamedRun {
    try service.runs.run(request.parameters["id"] ?? "")
  }

  private func computed(_ request: Request) throws(Refusal) -> Run {
    try service.computed(request.parameters["id"] ?? "")
  }

  /// `POST /v1/runs/{id}/pause`.
  func pause(_ request: Request) async throws(Refusal) -> Reply {
    let run = try named(request)
    try await run.pause()
    return .json(await run.object())
  }

  /// `POST /v1/runs/{id}/resume`.
  func resume(_ request: Request) async throws(Refusal) -> Reply {
    let run = try named(request)
    try await run.resume()
    return .json(await run.object())
  }

  /// `POST /v1/runs/{id}/step`.
  func step(_ request: Request) async throws(Refusal) -> Reply {
    let run = try named(request)
    try await service.step(run, Fields(optionalBody: request.body))
    return .json(await run.object())
  }

  /// `POST /v1/runs/{id}/rewind`.
  func rewind(_ request: Request) async throws(Refusal) -> Reply {
    let run = try named(request)
    try await service.rewind(run, Fields(body: request.body))
    return .json(await run.object())
  }

  /// `POST /v1/runs/{id}/fork`.
  func fork(_ request: Request) async throws(Refusal) -> Reply {
    let run = try computed(request)
    let child = try await service.fork(run, Fields(optionalBody: request.body))
    var fields = HTTPFields()
    fields[further: .runID] = child.id
    fields[.location] = "/v1/runs/\(child.id)"
    return .json(await child.object(), status: .created, fields: fields)
  }

  /// `POST /v1/runs/{id}/hooks`.
  func changeHooks(_ request: Request) async throws(Refusal) -> Reply {
    let run = try computed(request)
    let step = try await service.changeHooks(run, Fields(body: request.body))
    let list = await run.facts.hooks
    return .json(
      JSONWriter.object { writer in
        writer.member("run_id", run.id)
        writer.member("first_step", step)
        writer.member("hooks", .array(list.map { $0.json(run.order.model.catalogue) }))
      })
  }

  /// `POST /v1/runs/{id}/interventions`.
  func intervene(_ request: Request) async throws(Refusal) -> Reply {
    let run = try computed(request)
    let applied = try await service.intervene(run, Fields(body: request.body))
    return .json(written(applied), status: .created)
  }

  /// `DELETE /v1/runs/{id}/interventions/{intervention}`.
  func removeIntervention(_ request: Request) async throws(Refusal) -> Reply {
    let run = try computed(request)
    let id = request.parameters["intervention"] ?? ""
    return .json(written(try await service.removeIntervention(run, id: id)))
  }

  /// `DELETE /v1/runs/{id}/interventions`.
  func clearInterventions(_ request: Request) async throws(Refusal) -> Reply {
    let run = try computed(request)
    let removed = try await service.removeInterventions(run)
    return .json(
      JSONWriter.object { writer in
        writer.array("removed") { writer in
          for one in removed { writer.verbatim(written(one)) }
        }
      })
  }

  private func written(_ applied: Service.AppliedIntervention) -> [UInt8] {
    JSONWriter.object { writer in
      writer.member("intervention_id", applied.id)
      writer.member("first_step", applied.firstStep)
    }
  }
}
