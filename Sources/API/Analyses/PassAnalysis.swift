internal import Engine
internal import Interpretability
internal import JSON
internal import Tokenizers

/// A request for an analysis that is made of many passes or steps, one behind the other.
protocol PassAnalysis: Sendable {
  /// What it is called in requests and answers.
  var name: String { get }
  /// Whether the client asks for events.
  var isStreaming: Bool { get }
  /// Whether it goes on as a run of its own.
  var isDetached: Bool { get }
  var model: LoadedModel { get }
  /// Passes or steps in all.
  var total: Int { get }
  /// Tokens of each pass; 0 where steps are none.
  var tokensOfPass: Int { get }
  /// The result as JSON.
  ///
  /// - Parameter progress: told after each pass how many are done.
  func run(
    on engine: Engine, progress: @Sendable (Int) async -> Void
  ) async throws(Refusal) -> [UInt8]
}

extension SweepRequest: PassAnalysis {
  var tokensOfPass: Int { plan.prompts.first?.tokens.count ?? 0 }
  var total: Int { plan.passes(model.catalogue) }

  func run(
    on engine: Engine, progress: @Sendable (Int) async -> Void
  ) async throws(Refusal) -> [UInt8] {
    do {
      return json(try await Sweep.run(plan, on: engine, model, progress: progress))
    } catch {
      throw .engine(error)
    }
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
      writer.member("passes", total)
    }
  }
}

extension PathRequest: PassAnalysis {
  var name: String { Self.name }
  var tokensOfPass: Int { plan.prompts.first?.tokens.count ?? 0 }
  var total: Int { plan.passes(model.catalogue) }

  func run(
    on engine: Engine, progress: @Sendable (Int) async -> Void
  ) async throws(Refusal) -> [UInt8] {
    do {
      return json(try await PathPatching.run(plan, on: engine, model, progress: progress))
    } catch {
      throw .engine(error)
    }
  }

  private func json(_ found: PathPatching) -> [UInt8] {
    JSONWriter.object { writer in
      writer.member("type", "analysis.result")
      writer.member("analysis", name)
      writer.member("model", model.info.id)
      writer.member("metric", "logit_diff")
      writer.member("clean", found.clean)
      writer.member("corrupted", found.corrupted)
      writer.member("direction", found.direction.rawValue)
      writer.member("frozen", plan.frozen.map(\.rawValue).sorted())
      writer.member("axes", ["sender", "receiver"])
      writer.member("senders", plan.senders)
      writer.member("receivers", plan.receivers)
      writer.member("logit_diff", found.differences)
      writer.member("effect", found.effect)
      writer.member("passes", total)
    }
  }
}

extension PathSender: JSONWritable {
  func write(to writer: inout JSONWriter) {
    writer.object { writer in
      writer.member("component", part.rawValue)
      if part != .embedding { writer.member("layer", layer) }
      writer.member(ifPresent: "head", head)
      writer.member(ifPresent: "positions", positions)
    }
  }
}

extension PathReceiver: JSONWritable {
  func write(to writer: inout JSONWriter) {
    writer.object { writer in
      writer.member("component", part.rawValue)
      if part != .logits { writer.member("layer", layer) }
      writer.member(ifPresent: "head", head)
      writer.member(ifPresent: "positions", positions)
    }
  }
}
