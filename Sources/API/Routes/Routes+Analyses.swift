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
      })
  }

  /// `POST /v1/analyses`: waits for the result, or streams progress before it; ends when the client goes.
  func analyse(_ request: Request) async throws(Refusal) -> Reply {
    let service = service
    let sweep = try SweepRequest(
      Fields(body: request.body), models: service.models, budget: service.options.captureBudget
    ) {
      messages, model throws(Refusal) in
      let options = ChatOptions(time: Int64(service.clock))
      return try service.tokens(of: messages, options: options, model: model).tokens
    }
    let accepts = request.fields[.accept]?.contains("text/event-stream") ?? false
    guard sweep.isStreaming || accepts else {
      return .json(try await sweep.run(on: service.engine))
    }
    return .events(.writing { writer in try await sweep.stream(on: service.engine, to: writer) })
  }
}

extension SweepRequest {
  /// The result as JSON.
  func run(
    on engine: Engine, progress: @Sendable (Int) async -> Void = { _ in }
  ) async throws(Refusal) -> [UInt8] {
    do {
      return json(try await Sweep.run(plan, on: engine, model, progress: progress))
    } catch {
      throw .engine(error)
    }
  }

  /// Writes `analysis.progress` whenever another hundredth is done, then `analysis.result` or `error`.
  func stream(on engine: Engine, to writer: BodyWriter) async throws {
    let total = plan.passes(model.catalogue)
    let name = name
    let last: [UInt8]
    do throws(Refusal) {
      let result = try await run(on: engine) { done in
        guard done * 100 / total > (done - 1) * 100 / total else { return }
        let progress = JSONWriter.object { json in
          json.member("type", "analysis.progress")
          json.member("analysis", name)
          json.member("done", done)
          json.member("total", total)
        }
        // A client too slow for this piece will see a later one.
        writer.offer(Self.event("analysis.progress", progress))
      }
      last = Self.event("analysis.result", result)
    } catch {
      var json = JSONWriter()
      json.value(["type": "error", "error": error.reply.event])
      last = Self.event("error", json.bytes)
    }
    try await writer.write(last)
  }

  private static func event(_ name: String, _ json: [UInt8]) -> [UInt8] {
    Array("event: \(name)\ndata: ".utf8) + json + [0x0a, 0x0a]
  }

  private func json(_ sweep: Sweep) -> [UInt8] {
    JSONWriter.object { writer in
      writer.member("type", "analysis.result")
      writer.member("analysis", name)
      writer.member("model", model.info.id)
      writer.member("metric", "logit_diff")
      writer.member("clean", sweep.clean)
      writer.member("corrupted", sweep.corrupted)
      writer.member("axes", ["layer", plan.axis.rawValue])
      writer.member("layers", plan.layers)
      if plan.axis == .position {
        let shown = (plan.corrupted.first ?? plan.prompts.first?.tokens) ?? []
        writer.member("tokens", shown.map { model.tokenizer.piece($0) })
      }
      writer.member("logit_diff", sweep.differences)
      writer.member("effect", sweep.effect)
      writer.member("passes", plan.passes(model.catalogue))
    }
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
