import Checkpoints
import Hooks
import Models
import Tensors
import Testing

/// A captured tensor, copied out of its batch.
struct Captured: Equatable {
  let dimensions: [Int]
  let values: [Float]

  /// The values in the references' order: positions first where heads come first here.
  func positionMajor(_ shape: [Int]) -> [Float] {
    // Patterns are [heads, query, key] on both sides; other three-axis tensors are [pos, head, d_head] there.
    guard dimensions.count == 3, dimensions[2] != dimensions[1] || shape[0] != dimensions[0],
      shape.count == 2 || (shape[0] == dimensions[1] && shape[1] == dimensions[0])
    else { return values }
    let (heads, positions, size) = (dimensions[0], dimensions[1], dimensions[2])
    var out = [Float](repeating: 0, count: values.count)
    for head in 0..<heads {
      for position in 0..<positions {
        for element in 0..<size {
          out[(position * heads + head) * size + element] =
            values[(head * positions + position) * size + element]
        }
      }
    }
    return out
  }
}

/// A model with what a pass needs, driven directly: no engine, no sampling but greedy.
final class ModelRunner {
  let checkpoint: Checkpoint
  let model: LanguageModel
  let arithmetic: Arithmetic
  private let workspace: Workspace
  private let batch: ForwardBatch
  private let pool = CapturePool()

  init(
    _ path: String, adapter: String? = nil, instructionSet: InstructionSet = .best,
    threads: Int = 2
  ) throws {
    checkpoint = try Checkpoint.open(path, adapter: adapter)
    let c = checkpoint.configuration
    let family = try #require(Families.family(of: c.architecture))
    model = try family.build(
      checkpoint, BuildOptions(contextLength: min(c.contextLength, 512)))
    arithmetic = Arithmetic(threads: threads, instructionSet: instructionSet)
    workspace = Workspace(for: model, maxRows: 256, maxScores: 8)
    batch = ForwardBatch(layers: model.catalogue.layers)
  }

  var points: [HookPoint] { model.catalogue.points }

  /// The point of a reference's name (`blocks.1.attn.hook_q`).
  func point(named name: String) -> HookPoint? { points.first { $0.name == name } }

  struct Run {
    let captured: [HookPoint: Captured]
    let logits: [Float]
  }

  /// One pass over a whole prompt in chunks of `chunk`.
  func prefill(
    _ ids: [Int32], watching points: [HookPoint] = [], interventions: [Intervention] = [],
    chunk: Int = 256
  ) -> Run {
    let cache = KeyValueCache(shape: model.cacheShape)
    return extend(cache, ids, step: 0, watching: points, interventions: interventions, chunk: chunk)
  }

  /// The next pass of a session over `ids`.
  func extend(
    _ cache: KeyValueCache, _ ids: [Int32], step: Int, watching points: [HookPoint] = [],
    interventions: [Intervention] = [], chunk: Int = 256
  ) -> Run {
    let tap = RunTap(catalogue: model.catalogue, pool: pool)
    tap.setCaptures(points.map(Self.spec))
    tap.setInterventions(interventions)
    if cache.length == 0 { _ = model.prepare(cache, for: ids.count) }
    tap.beginPass(step: step, positions: cache.length..<cache.length + ids.count)
    for start in stride(from: 0, to: ids.count, by: chunk) {
      batch.removeAll()
      batch.add(
        cache, tokens: ids[start..<min(start + chunk, ids.count)],
        isDecode: step > 0 || ids.count <= ForwardBatch.decodeLimit, scores: .last,
        tap: tap.isIdle ? nil : tap)
      model.forward(batch, workspace, arithmetic)
    }
    var captured: [HookPoint: Captured] = [:]
    if let batch = tap.finishPass() {
      for item in batch.items {
        captured[points[item.spec]] = Captured(
          dimensions: item.dimensions, values: batch.withValues(of: item) { Array($0) })
      }
    }
    return Run(captured: captured, logits: Array(model.scores(0, of: workspace)))
  }

  /// One decoding pass of several sessions at once; the scores of each.
  func decode(_ sessions: [(cache: KeyValueCache, token: Int32)]) -> [[Float]] {
    batch.removeAll()
    for session in sessions {
      batch.add(
        session.cache, tokens: [session.token][...], isDecode: true, scores: .last, tap: nil)
    }
    model.forward(batch, workspace, arithmetic)
    return sessions.indices.map { Array(model.scores($0, of: workspace)) }
  }

  /// A greedy continuation by cached decoding.
  func greedy(_ ids: [Int32], count: Int) -> [Int32] {
    let cache = KeyValueCache(shape: model.cacheShape)
    var scores = extend(cache, ids, step: 0).logits
    var tokens: [Int32] = []
    while tokens.count < count {
      let best = scores.withUnsafeBufferPointer { Int32(arithmetic.argmax($0)) }
      tokens.append(best)
      guard tokens.count < count else { break }
      // Where a run crosses into other positions, everything before is computed again.
      scores =
        model.prepare(cache, for: cache.length + 1)
        ? extend(cache, ids + tokens, step: 0).logits : decode([(cache, best)])[0]
    }
    return tokens
  }

  static func spec(_ point: HookPoint) -> CaptureSpec {
    CaptureSpec(
      hookID: point.name, layerName: point.name, component: point.site.component, isInput: false,
      point: point, selection: Selection())
  }
}
