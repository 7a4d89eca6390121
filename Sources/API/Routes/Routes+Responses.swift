internal import HTTP
internal import Engine
internal import HTTPTypes
internal import JSON
internal import Tokenizers
internal import Runs

extension Routes {
  /// `POST /v1/responses`.
  func respond(_ request: Request) async throws(Refusal) -> Reply {
    let service = service
    let fields = try await service.fields(of: request)
    _ = try service.models.runnable(fields)
    let body = try ResponseRequest(fields)
    let isStreaming = try fields.bool("stream") ?? false
    let (order, parser, stops) = try await service.turn(bytes: fields.byteCount) {
      () throws(Refusal) in
      try chatOrder(
        ChatRequest(
          body.chat, models: service.models, needsHooks: false, registered: service.hooks,
          time: Int64(service.clock), response: fields), request.remarks)
    }
    let run = try await service.start(order)
    let completion = Completion(
      index: 0, run: run, hooks: [], parser: parser, stops: stops, wantsLogprobs: false)
    let dialect = ResponseDialect(
      id: "resp_" + Service.token(length: 24), created: service.clock, model: order.model.info.id,
      request: fields, sampling: order.sampling)
    var head = HTTPFields()
    head[further: .runID] = run.id
    guard isStreaming else { return try await whole(completion, dialect, head) }
    return .events(
      .writing { writer in try await write(completion, dialect, to: writer) }, fields: head,
      heartbeat: .rareComments)
  }

  private func whole(
    _ begun: Completion, _ dialect: ResponseDialect, _ head: HTTPFields
  ) async throws(Refusal) -> Reply {
    var completion = begun
    while await completion.next(keepsTensors: false) != nil {}
    if let failure = await completion.run.failure { throw .run(failure) }
    var writer = JSONWriter()
    writer.value(dialect.response(completion.choice))
    return .json(writer.bytes, fields: head)
  }

  private func write(
    _ begun: Completion, _ dialect: ResponseDialect, to writer: BodyWriter
  ) async throws {
    var completion = begun
    var stream = ResponseStream(dialect)
    try await write(stream.begin(), to: writer)
    while let chunks = await completion.next(keepsTensors: false) {
      for chunk in chunks {
        try await write(
          stream.append(chunk.delta, calls: completion.choice.toolCalls), to: writer)
      }
    }
    try Task.checkCancellation()
    try await write(
      stream.finish(completion.choice, failure: completion.failure), to: writer)
  }

  private func write(_ events: [JSONValue], to writer: BodyWriter) async throws {
    for event in events {
      try await writer.write(
        NamedEvent.bytes(event["type"]?.string ?? "", Array(event.json(.compact).utf8)))
    }
  }
}
