internal import HTTP

/// Routes of the server that this one's first routes come from, answered from analyses of passes.
extension Routes {
  /// `POST /v1/analyze/attention`.
  func analyzeAttention(_ request: Request) async throws(Refusal) -> Reply {
    let service = service
    let attention = try await service.read(request) { fields throws(Refusal) in
      try AttentionRequest(fields, models: service.models, budget: service.captureBudget)
    }
    return .json(try await attention.answer(on: service))
  }

  /// `POST /v1/activations/patch`.
  func patchActivations(_ request: Request) async throws(Refusal) -> Reply {
    let service = service
    let patch = try await service.read(request) { fields throws(Refusal) in
      try PatchRequest(fields, models: service.models, budget: service.captureBudget)
    }
    return .json(try await patch.answer(on: service.engine))
  }

  /// `POST /v1/circuits/discover`.
  func discoverCircuits(_ request: Request) async throws(Refusal) -> Reply {
    let service = service
    let circuits = try await service.read(request) { fields throws(Refusal) in
      try CircuitRequest(fields, models: service.models, budget: service.captureBudget)
    }
    for remark in circuits.remarks { request.remarks.add(remark) }
    return .json(try await circuits.answer(on: service.engine))
  }
}
