internal import Engine
internal import HTTP
internal import HTTPTypes
internal import Interpretability
internal import JSON
internal import Tokenizers

extension Routes {
  /// `GET /v1/graphs`.
  func listGraphs(_ request: Request) -> Reply {
    let caller = Caller.current
    let graphs = service.graphs.all { $0.isShared || caller.sees($0.owner) }
    return .json(JSONWriter.object { $0.member("graphs", graphs) })
  }

  /// `GET /v1/graphs/{slug}`: the file.
  func describeGraph(_ request: Request) async throws(Refusal) -> Reply {
    let graph = try service.graph(of: request)
    return .json(await service.work.written(bytes: graph.bytes) { graph.json })
  }

  /// `DELETE /v1/graphs/{slug}`.
  func deleteGraph(_ request: Request) throws(Refusal) -> Reply {
    let graph = try service.ownGraph(of: request)
    service.graphs.remove(graph.slug)
    return .json(
      JSONWriter.object { writer in
        writer.member("slug", graph.slug)
        writer.member("status", "deleted")
      })
  }

  /// `POST /v1/graphs/{slug}/share`: lets other keys read it, or its own alone.
  func shareGraph(_ request: Request) async throws(Refusal) -> Reply {
    let isShared = try await service.sharing(request)
    let graph = try service.ownGraph(of: request)
    service.graphs.share(graph.slug, isShared)
    return .json(
      JSONWriter.object { writer in
        writer.member("slug", graph.slug)
        writer.member("shared", isShared)
      })
  }
}

extension Routes {
  /// `POST /v1/graphs/{slug}/verify`: cuts everything outside of the circuit, and the circuit itself; ends when the client goes.
  func verifyGraph(_ request: Request) async throws(Refusal) -> Reply {
    let service = service
    let graph = try service.graph(of: request)
    let fields = try await service.fields(of: request, isOptional: true)
    let check = try await service.turn(bytes: fields.byteCount) { () throws(Refusal) in
      try GraphCheckRequest(
        fields, of: graph, models: service.models, budget: service.captureBudget
      ) { messages, model throws(Refusal) in
        try service.tokens(ofPlain: messages, model: model)
      }
    }
    let (json, verification) = try await service.measure(graph, check)
    // What others find of a shared graph is theirs to know; the graph stays as its owner has it.
    if Caller.current.sees(graph.owner) { service.graphs.note(verification, of: graph.slug) }
    return .json(json)
  }
}

extension Service {
  /// Makes a graph and keeps it: waits for it, or streams progress and rows before it and ends when nobody watches; or begins a job.
  func followBack(_ fields: Fields, acceptsEvents: Bool) async throws(Refusal) -> Reply {
    let (model, tokens) = try await graphSource(fields)
    let graph = try GraphRequest(
      fields, model: model, tokens: tokens, budget: captureBudget)
    let isStreaming = graph.isStreaming || acceptsEvents
    let record = try recordedJob(
      fields, isJob: graph.isDetached || isStreaming, tokens: tokens)
    return try await answer(
      GraphRequest.name, of: graph.model, isDetached: graph.isDetached, isStreaming: isStreaming
    ) { () throws(Refusal) in
      try await startJob(graph, record: record)
    } waited: { () throws(Refusal) in
      try await made(graph).result
    }
  }

  /// Cuts a graph as a check asks for; the answer, and what the graph is to tell of it.
  func measure(
    _ graph: KeptGraph, _ check: GraphCheckRequest
  ) async throws(Refusal) -> (json: [UInt8], GraphVerification) {
    do throws(EngineError) {
      switch check.unit {
      case .nodes:
        let found = try await CircuitCheck.run(
          graph.graph, check.replacement, testsMinimality: check.testsMinimality, on: engine,
          check.model)
        return (graph.result(of: found, check), GraphVerification(found, check))
      case .edges:
        let found = try await EdgeCheck.run(
          graph.graph, check.replacement, on: engine, check.model)
        return (graph.result(of: found, check), GraphVerification(found, check))
      }
    } catch {
      throw .engine(error)
    }
  }

  /// The graph of a request's path, if the caller may see it.
  func graph(of request: Request) throws(Refusal) -> KeptGraph {
    let slug = request.parameters["slug"] ?? ""
    let caller = Caller.current
    guard let graph = graphs.graph(slug, { $0.isShared || caller.sees($0.owner) }) else {
      throw .graphNotFound(slug)
    }
    return graph
  }

  /// The same for somebody who changes it: not one that another key shares.
  func ownGraph(of request: Request) throws(Refusal) -> KeptGraph {
    let graph = try graph(of: request)
    guard Caller.current.sees(graph.owner) else { throw .ofAnotherKey("Graph \(graph.slug)") }
    return graph
  }

  /// Makes a graph and keeps it.
  func made(
    _ request: GraphRequest, progress: @Sendable (AttributionProgress) async -> Void = { _ in }
  ) async throws(Refusal) -> KeptGraph {
    let graph = try await KeptGraph.make(
      request, slug: "graph_" + Self.token(length: 12), on: engine, created: clock,
      owner: Caller.current.client, progress: progress)
    graphs.keep(graph)
    return graph
  }
}
