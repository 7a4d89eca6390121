internal import Engine
internal import Interpretability
internal import JSON
internal import Loops

/// A body of `POST /v1/analyses` that asks for the circuits in a model's weights.
struct WeightsRequest: Sendable {
  static let name = "weight_circuits"
  /// Products that one may take: some minutes of a processor.
  static let mostProducts = 1e13
  static let mostDirections = 64
  static let mostTokens = 50
  static let mostEdges = 10_000

  let model: LoadedModel
  let plan: WeightPlan
  let isStreaming: Bool
  let isDetached: Bool
  private let work: WorkQueue

  /// - Parameters:
  ///   - memory: bytes that the work on it may hold.
  ///   - resultLimit: bytes of an answer that is one event.
  ///   - work: where it is computed.
  init(
    _ fields: Fields, models: ModelTable, memory: Int, resultLimit: Int, work: WorkQueue
  ) throws(Refusal) {
    let model = try models.runnable(fields)
    self.model = model
    self.work = work
    isStreaming = try fields.bool("stream") ?? false
    isDetached = try fields.bool("detach") ?? false
    plan = WeightPlan(
      WeightOptions(
        layers: try AnalysisReader(model).layers(fields).sorted(),
        isFolded: try fields.bool("fold_norms") ?? true,
        directions: try fields.integer("directions", in: 0...Self.mostDirections) ?? 3,
        tokens: try fields.integer("top", in: 1...Self.mostTokens) ?? 5,
        keepsVectors: try fields.bool("vectors") ?? false,
        edges: try fields.integer("edges", in: 0...Self.mostEdges) ?? 100), model.catalogue)
    guard plan.products <= Self.mostProducts else {
      throw .weightsTooLarge(products: plan.products, limit: Self.mostProducts)
    }
    for (bytes, limit) in [(plan.resultBytes, resultLimit), (plan.bytes, memory)] {
      guard bytes <= Double(limit) else { throw .weightsTooHeavy(bytes: bytes, limit: limit) }
    }
  }
}

extension WeightsRequest: PassAnalysis {
  var name: String { Self.name }
  var tokensOfPass: Int { 0 }
  var total: Int { plan.steps }

  func run(
    on engine: Engine, progress: @Sendable (Int) async -> Void
  ) async throws(Refusal) -> [UInt8] {
    let found: WeightCircuits
    do {
      found = try await WeightCircuits.find(
        plan, on: engine, model,
        turn: { step in await work.written(bytes: WorkQueue.largeBytes, step) },
        progress: progress)
    } catch {
      throw .engine(error)
    }
    return await work.written(bytes: Int(plan.resultBytes)) { json(found) }
  }

  private func json(_ found: WeightCircuits) -> [UInt8] {
    let writing = WeightWriting(tokenizer: model.tokenizer)
    return JSONWriter.object { writer in
      writer.member("type", "analysis.result")
      writer.member("analysis", name)
      writer.member("model", model.info.id)
      writer.member("layers", plan.options.layers)
      writer.member("fold_norms", plan.options.isFolded)
      writer.array("heads") { writer in
        for head in found.heads { writing.write(head, to: &writer) }
      }
      writer.object("composition") { writer in
        writer.member("baseline", found.baseline)
        for kind in WeightCircuits.Composition.allCases {
          writer.array(kind.rawValue) { writer in
            for edge in found.edges[kind] ?? [] {
              writing.write(edge, of: kind, less: found.baseline, to: &writer)
            }
          }
        }
      }
      writer.member("steps", total)
    }
  }
}
