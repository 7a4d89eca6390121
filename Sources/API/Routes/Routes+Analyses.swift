internal import HTTP
internal import Engine
internal import JSON
internal import HTTPTypes
internal import Interpretability
internal import Tokenizers
internal import Runs

extension Routes {
  /// `GET /v1/analyses`.
  func listAnalyses(_ request: Request) -> Reply {
    .json(
      JSONWriter.object { writer in
        writer.member("live", AnalysisList.live)
        writer.member("sweeps", AnalysisList.sweeps)
        writer.member("graphs", AnalysisList.graphs)
        writer.member("weights", AnalysisList.weights)
      })
  }

  /// `POST /v1/analyses`: waits for the result and ends when the client goes, or streams progress before it and ends when nobody watches; or
  /// begins a job.
  func analyse(_ request: Request) async throws(Refusal) -> Reply {
    let service = service
    let fields = try await service.fields(of: request)
    let names = (AnalysisList.sweeps + AnalysisList.graphs + AnalysisList.weights).map(\.name)
    guard let name = try fields.choice("analysis", names) else {
      throw .missing(field: "analysis")
    }
    let accepts = request.fields[.accept]?.contains("text/event-stream") ?? false
    if AnalysisList.graphs.contains(where: { $0.name == name }) {
      return try await service.followBack(fields, acceptsEvents: accepts)
    }
    let request = try await service.turn(bytes: fields.byteCount) { () throws(Refusal) in
      try service.passAnalysis(name, fields)
    }
    let isStreaming = request.isStreaming || accepts
    let record = try service.recordedJob(fields, isJob: request.isDetached || isStreaming)
    return try await service.answer(
      request.name, of: request.model, isDetached: request.isDetached, isStreaming: isStreaming
    ) { () throws(Refusal) in
      try await service.startJob(request, record: record)
    } waited: { () throws(Refusal) in
      try await request.run(on: service.engine) { _ in }
    }
  }
}

extension Service {
  /// Reads a request for an analysis that is made of passes or steps of its own.
  func passAnalysis(
    _ name: String, _ fields: Fields
  ) throws(Refusal) -> any PassAnalysis {
    let render = { [self] (messages: [ChatMessage], model: LoadedModel) throws(Refusal) in
      try tokens(ofPlain: messages, model: model)
    }
    let budget = captureBudget
    if name == WeightsRequest.name {
      return try WeightsRequest(
        fields, models: models, memory: engine.options.captureMemoryOfOne,
        resultLimit: options.ringBytes / 2, work: work)
    }
    guard name == PathRequest.name else {
      return try SweepRequest(fields, models: models, budget: budget, render: render)
    }
    return try PathRequest(fields, models: models, budget: budget, render: render)
  }
}

extension AnalysisList.Entry: JSONWritable {
  func write(to writer: inout JSONWriter) {
    writer.object { writer in
      writer.member("name", name)
      writer.member("summary", summary)
      writer.member("source", source)
      writer.member("parameters", parameters)
    }
  }
}

extension AnalysisList.Parameter: JSONWritable {
  func write(to writer: inout JSONWriter) {
    writer.object { writer in
      writer.member("name", name)
      writer.member("type", type)
      writer.member("required", preset == nil)
      writer.member(ifPresent: "default", preset)
      writer.member("meaning", meaning)
    }
  }
}
