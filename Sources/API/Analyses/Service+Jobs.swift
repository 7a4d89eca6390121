internal import Engine
internal import Frames
internal import HTTP
internal import Interpretability
internal import JSON
internal import OrderedCollections
internal import Recordings
internal import Runs
internal import Tokenizers

/// Analyses that are runs of their own.
extension Service {
  /// Begins an analysis that is made of passes.
  ///
  /// - Parameter record: what its recording begins with, where it is recorded.
  func startJob(
    _ request: any PassAnalysis, record: [UInt8]?
  ) async throws(Refusal) -> Job {
    let (engine, each) = (engine, request.tokensOfPass)
    let order = Job.Order(
      name: request.name, model: request.model.info.id, total: request.total,
      isDetached: request.isDetached
    ) { done in each * done }
    return try await startJob(order, of: request.model, record: record) { job in
      do throws(Refusal) {
        return .result(try await request.run(on: engine) { await job.advance(to: $0) })
      } catch {
        return .failed(error.reply.event)
      }
    }
  }

  /// Begins an attribution graph, which is then kept.
  func startJob(_ request: GraphRequest, record: [UInt8]?) async throws(Refusal) -> Job {
    let tokens = request.tokens.count
    let order = Job.Order(
      name: GraphRequest.name, model: request.model.info.id,
      total: AttributionGraph.steps(request.model.catalogue), isDetached: request.isDetached
    ) { $0 > 0 ? tokens : 0 }
    let layout = AttributionGraph.layout(request.model.catalogue, positions: tokens)
    return try await startJob(order, of: request.model, record: record) { job in
      do throws(Refusal) {
        let graph = try await self.made(request) { progress in
          switch progress {
          case .done(let done): await job.advance(to: done)
          case .rows(let links, let targets):
            let names = GraphNames(
              layout: layout, tokens: request.tokens, targets: targets.map(\.token))
            await job.tell(.analysisRows, names.rows(links))
          }
        }
        return .result(graph.result)
      } catch {
        return .failed(error.reply.event)
      }
    }
  }

  private func startJob(
    _ order: Job.Order, of model: LoadedModel, record: [UInt8]?,
    _ work: @escaping @Sendable (Job) async -> JobOutcome
  ) async throws(Refusal) -> Job {
    let place = try takePlace(.computed(isPaused: false))
    let registry = runs
    let id = "run_" + Self.token()
    var recorder: FileRecorder?
    if let record {
      // A recording begins with what its model is.
      let hash: String
      do { hash = try await model.digest.value() } catch { throw .engine(error) }
      recorder = try desk().recorder(
        of: model.info, seed: nil, run: id, modelHash: hash, request: record, clock: clock,
        epoch: epoch)
    }
    let job = Job(
      id: id, order: order, place: place, clock: clock, services: services, recorder: recorder
    ) { registry.noteEnd($0.id) }
    list(job)
    await job.begin { job in await self.traced(order, as: job.id) { await work(job) } }
    return job
  }

  /// Answers with an analysis as it is asked for: with the job that has begun, with a job's events, or with what is waited for.
  func answer(
    _ analysis: String, of model: LoadedModel, isDetached: Bool, isStreaming: Bool,
    job: () async throws(Refusal) -> Job, waited: () async throws(Refusal) -> [UInt8]
  ) async throws(Refusal) -> Reply {
    if isDetached { return await .begun(try await job()) }
    if isStreaming { return viewing(try await job()) }
    return .json(try await traced(analysis, model.info.id, waited))
  }

  /// What a recording of a job begins with: the body that makes the same analysis again; nil where it is not to be recorded.
  ///
  /// - Parameters:
  ///   - isJob: whether the request begins one.
  ///   - tokens: the prompt's, of an analysis that may take them from a run.
  func recordedJob(
    _ fields: Fields, isJob: Bool, tokens: [Token]? = nil
  ) throws(Refusal) -> [UInt8]? {
    guard try fields.bool("record") ?? false else { return nil }
    guard isJob else {
      throw .conflict(
        fields: ["record"],
        reason: "an answer that is waited for is no job; give stream or detach beside it")
    }
    try require(.record)
    _ = try desk()
    guard case .object(var members) = fields.value else { return nil }
    for name in ["record", "stream", "detach", "model"] { members[name] = nil }
    if let tokens {
      for name in ["prompt", "messages", "run_id", "step"] { members[name] = nil }
      members["tokens"] = .array(tokens.map { .integer(Int64($0)) })
    }
    return Array(JSONValue.object(members).json(.compact).utf8)
  }
}
