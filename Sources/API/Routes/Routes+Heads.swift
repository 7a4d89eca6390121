internal import HTTP
internal import HTTPTypes
internal import JSON

extension Routes {
  /// `GET /v1/models/{id}/heads`: 202 while it is being found.
  func nameHeads(_ request: Request) async throws(Refusal) -> Reply {
    let model = try service.models.runnable(request.parameters["id"])
    switch try await service.heads(of: model) {
    case .found(let json): return .json(json)
    case .failed(let refusal): throw refusal
    case .running(let done, let total):
      return .json(
        JSONWriter.object { writer in
          writer.member("status", "running")
          writer.member("done", done)
          writer.member("total", total)
        }, status: .accepted, fields: [.retryAfter: "1"])
    }
  }
}
