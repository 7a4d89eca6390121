internal import HTTP
internal import Engine

extension Routes {
  /// Passes of one request that are under way at a time.
  private static let width = 8

  /// `POST /v1/embeddings`.
  func embed(_ request: Request) async throws(Refusal) -> Reply {
    let (service, engine) = (service, service.engine)
    let embedding = try await service.read(request) { fields throws(Refusal) in
      try EmbeddingRequest(fields, models: service.models)
    }
    return .json(
      embedding.json(
        try await embedding.inputs.answering(atMost: Self.width) { input in
          try await embedding.vector(of: input, on: engine)
        }))
  }

  /// `POST /v1/score`.
  func score(_ request: Request) async throws(Refusal) -> Reply {
    let (service, engine) = (service, service.engine)
    let score = try await service.read(request) { fields throws(Refusal) in
      try ScoreRequest(
        fields, models: service.models, registered: service.hooks,
        budget: service.captureBudget)
    }
    return .json(
      score.json(
        try await Array(score.texts.indices).answering(atMost: Self.width) { index in
          try await score.answer(to: index, on: engine)
        }))
  }
}
