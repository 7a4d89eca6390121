internal import Engine
internal import HTTP
internal import HTTPTypes
internal import JSON
internal import Runs

extension Routes {
  /// `POST /v1/harvest`: the tensors of each prompt as events, or as frames one behind the other, ended when the client goes; or
  /// kept in files under a name, whoever goes.
  func harvest(_ request: Request) async throws(Refusal) -> Reply {
    let service = service
    let harvest = try await service.read(request) { fields throws(Refusal) in
      try HarvestRequest(
        fields, models: service.models, registered: service.hooks,
        budget: min(service.captureBudget, service.engine.options.captureMemoryOfOne))
    }
    if let name = harvest.name {
      let object = try await service.startHarvest(
        harvest.order, name: name, shardBytes: harvest.shardBytes)
      var answer = HTTPFields()
      answer[.location] = "/v1/harvests/\(name)"
      return .json(object, status: .accepted, fields: answer)
    }
    let accepts = request.fields[.accept] ?? ""
    let stream = HarvestStream(
      Harvest(harvest.order, on: service.engine, framers: service.framers, tracer: service.tracer),
      of: harvest.order,
      place: try service.takePlace(.computed(isPaused: false)))
    guard accepts.contains("application/octet-stream") else {
      return .events(.writing { writer in try await stream.writeEvents(to: writer) })
    }
    var answer = HTTPFields()
    answer[.contentType] = "application/octet-stream"
    return .stream(
      fields: answer, body: .writing { writer in try await stream.writeFrames(to: writer) })
  }
}
