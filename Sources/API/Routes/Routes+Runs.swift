internal import Streams
package import HTTP
internal import Engine
internal import Frames
internal import JSON
internal import HTTPTypes
package import Runs

extension Routes {
  /// `GET /v1/runs`.
  func listRuns(_ request: Request) async -> Reply {
    var objects: [[UInt8]] = []
    for run in service.visibleRuns { objects.append(await run.brief()) }
    return .json(
      JSONWriter.object { writer in
        writer.array("runs") { writer in
          for object in objects { writer.verbatim(object) }
        }
      })
  }

  /// `POST /v1/runs`.
  func startRun(_ request: Request) async throws(Refusal) -> Reply {
    await .begun(try await service.start(service.fields(of: request), request.remarks))
  }

  private func named(_ request: Request) throws(Refusal) -> any StreamedRun {
    try service.run(request.parameters["id"] ?? "")
  }

  /// `GET /v1/runs/{id}`.
  func describeRun(_ request: Request) async throws(Refusal) -> Reply {
    .json(await (try service.glance(request.parameters["id"] ?? "")).object())
  }

  /// `DELETE /v1/runs/{id}`: ends it, or forgets it where it is over.
  func cancelRun(_ request: Request) async throws(Refusal) -> Reply {
    let run = try RunCall(request, service).run()
    if await run.isOver() { service.runs.forget(run.id) } else { run.cancel() }
    return .json(await run.object())
  }

  /// `POST /v1/runs/{id}/share`: lets other keys watch it, or its own alone.
  func shareRun(_ request: Request) async throws(Refusal) -> Reply {
    let isShared = try await service.sharing(request)
    let run = try RunCall(request, service).run()
    service.runs.share(run.id, isShared)
    return .json(
      JSONWriter.object { writer in
        writer.member("run_id", run.id)
        writer.member("shared", isShared)
      })
  }

  /// `GET /v1/runs/{id}/events`.
  func events(_ request: Request) async throws(Refusal) -> Reply {
    let run = try named(request)
    let form = try tensorForm(request)
    let first = try firstEvent(request, of: run)
    if run.topic.isFinished, first >= run.topic.nextSequence { return .empty(.noContent) }
    return service.viewing(
      run, Subscription(policy: try policy(request), from: first), tensors: form)
  }

  private func tensorForm(_ request: Request) throws(Refusal) -> TensorForm {
    switch request.query("tensors") {
    case nil, "base64": return .base64
    case "json": return .json
    case "none": return .none
    case .some(let other):
      throw .unknownValue(
        field: "tensors", found: "\"\(other.prefix(80))\"", allowed: ["base64", "json", "none"])
    }
  }

  private func policy(_ request: Request) throws(Refusal) -> ViewerPolicy {
    guard let name = request.query("policy") else { return .conflate }
    guard let policy = ViewerPolicy(rawValue: name) else {
      throw .unknownValue(
        field: "policy", found: "\"\(name.prefix(80))\"",
        allowed: ViewerPolicy.allCases.map(\.rawValue))
    }
    return policy
  }

  /// The first event a viewer wants: behind the last one it has seen, or what `from` says, or the first there is.
  private func firstEvent(
    _ request: Request, of run: any StreamedRun
  ) throws(Refusal) -> UInt64 {
    if let name = HTTPField.Name("Last-Event-ID"), let text = request.fields[name], !text.isEmpty {
      guard let id = EventID(text) else { throw .badEventID(String(text.prefix(80))) }
      // An id of an earlier life of the server says nothing about this run.
      return id.epoch == run.topic.epoch ? id.sequence &+ 1 : 0
    }
    guard let text = request.query("from") else { return 0 }
    guard let first = UInt64(text) else {
      throw .wrongType(
        field: "from", expected: "an integer", found: "\"\(text.prefix(80))\"")
    }
    return first
  }

  /// `GET /v1/runs/{id}/frames`.
  func frames(_ request: Request) async throws(Refusal) -> Reply {
    let run = try named(request)
    let hook = request.query("hook")
    let first = try number(request, "from") ?? 0
    let last = try number(request, "to") ?? .max
    guard first <= last else {
      throw .outOfRange(field: "to", found: "\(last)", allowed: "at least from (\(first))")
    }
    var fields = HTTPFields()
    fields[.contentType] = "application/octet-stream"
    fields[further: .runID] = run.id
    let topic = run.topic
    // What is published while the answer is on its way does not belong to it.
    let end = min(last, topic.nextSequence)
    let body = StreamBody.writing { writer in
      for items in topic.pieces(first...max(first, end)) {
        let frames = items.filter { item in
          guard case .frame(let id) = item.kind else { return false }
          return hook == nil || id == hook
        }
        try await writer.write(Array(frames.compactMap(\.frame).joined()))
      }
    }
    return .stream(fields: fields, body: body, heartbeat: nil)
  }

  private func number(_ request: Request, _ name: String) throws(Refusal) -> UInt64? {
    guard let text = request.query(name) else { return nil }
    guard let value = UInt64(text) else {
      throw .wrongType(field: name, expected: "an integer", found: "\"\(text.prefix(80))\"")
    }
    return value
  }
}

extension Reply {
  /// A run that was begun.
  static func begun(_ run: any StreamedRun) async -> Reply {
    var fields = HTTPFields()
    fields[further: .runID] = run.id
    fields[.location] = "/v1/runs/\(run.id)"
    return .json(await run.object(), status: .created, fields: fields)
  }
}

extension Service {
  /// The events of a run as a viewer of it is sent them.
  func viewing(
    _ run: any StreamedRun, _ wish: Subscription = Subscription(policy: .conflate, from: 0),
    tensors form: TensorForm = .base64
  ) -> Reply {
    var fields = HTTPFields()
    fields[further: .runID] = run.id
    let body = TopicBody(run.topic.subscribe(wish), tensors: form, meter: metrics.viewers)
    return .events(.source(body), fields: fields)
  }

  /// Begins the run that a body of `POST /v1/runs` describes.
  ///
  /// - Parameter remarks: takes what is to be told of the body.
  package func start(
    _ fields: Fields, _ remarks: RequestRemarks = RequestRemarks()
  ) async throws(Refusal) -> Run {
    let (request, (tokens, constraint)) = try await turn(bytes: fields.byteCount) {
      () throws(Refusal) in
      let request = try RunRequest(
        fields, models: models, registered: hooks, time: Int64(clock))
      return (request, try promptTokens(request))
    }
    return try await start(try await order(request, tokens, constraint, telling: remarks))
  }
}
