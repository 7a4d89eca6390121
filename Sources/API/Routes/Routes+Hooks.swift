internal import HTTP
internal import Engine
internal import JSON
internal import HTTPTypes
internal import Runs

extension Routes {
  /// `POST /v1/activations/hooks`.
  func registerHooks(_ request: Request) async throws(Refusal) -> Reply {
    let fields = try await service.fields(of: request)
    let model = try service.models.runnable(fields)
    guard let list = try fields.objects("hooks") else { throw .missing(field: "hooks") }
    let ids = try await service.turnIfLong(bytes: fields.byteCount) { () throws(Refusal) in
      try service.hooks.register(list, for: model)
    }
    return .json(
      JSONWriter.object { writer in
        writer.member("registered_hooks", ids)
        writer.member("status", "hooks_registered")
        writer.member("model", model.info.id)
      })
  }

  /// `GET /v1/activations/hooks`.
  func listHooks(_ request: Request) throws(Refusal) -> Reply {
    let models = try request.query("model").map { id throws(Refusal) in
      [try service.models.model(id)]
    }
    return .json(
      JSONWriter.object { writer in
        writer.array("hooks") { writer in
          for model in models ?? service.engine.models {
            for (id, fields) in service.hooks.hooks(of: model.info.id) {
              write(id, fields, model: model, &writer)
            }
          }
        }
      })
  }

  private func write(
    _ id: String, _ fields: Fields, model: LoadedModel, _ writer: inout JSONWriter
  ) {
    writer.object { writer in
      writer.member("hook_id", id)
      writer.member("model", model.info.id)
      for (name, value) in fields.members where name != "hook_id" && name != "model" {
        writer.member(name, raw: value)
      }
    }
  }

  /// `DELETE /v1/activations/hooks`, with the model in the query or in the body.
  func clearHooks(_ request: Request) async throws(Refusal) -> Reply {
    let named = try await service.fields(of: request, isOptional: true).string("model")
    service.hooks.clear(request.query("model") ?? named)
    return .json(JSONWriter.object { $0.member("status", "hooks cleared") })
  }
}
