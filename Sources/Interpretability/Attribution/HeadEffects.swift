internal import Engine
internal import Hooks
internal import Tensors
internal import Tokenizers

/// What a graph's metric would change by if heads were replaced, to first order: patterns and norms answer, feed-forward
/// parts are held (attribution patching: Nanda 2023; Kramár and others 2024).
///
/// Of heads that work by moving others' attention this sees what links of a graph, whose patterns are given, can't.
struct HeadEffects {
  /// `[layer][head]`, all positions together.
  let values: [[Float]]

  /// The hook points that they are found from.
  static func points(_ catalogue: HookCatalogue) -> [HookPoint] {
    var sites: [HookSite] = [
      .residualPre, .attentionPattern, .headOutput, .attentionOutput, .query, .key, .value,
    ]
    sites += [.rotaryQuery, .rotaryKey].filter(catalogue.sites.contains)
    return (0..<catalogue.layers).flatMap { layer in sites.map { HookPoint($0, layer: layer) } }
      + [HookPoint(.residualPost, layer: catalogue.layers - 1)]
  }

  /// - Parameters:
  ///   - targets: whose logits the metric is.
  ///   - rows: what takes the heads' places.
  static func find(
    _ tokens: [Token], _ targets: [AttributionGraph.Target], _ rows: ReplacedRows,
    on engine: Engine, _ model: LoadedModel
  ) async throws(EngineError) -> HeadEffects? {
    let (catalogue, count) = (model.catalogue, tokens.count)
    let pass = try await PromptPass.run(
      tokens, on: engine, model, capturing: points(catalogue))
    let last = HookPoint(.residualPost, layer: catalogue.layers - 1)
    guard
      let direction = await LogitTargets.gradient(
        of: targets, at: Array(pass.tensor(last).row(count - 1)), on: engine, model)
    else { return nil }
    let work = Work(direction, positions: count, catalogue)
    var values: [[Float]] = []
    for layer in (0..<catalogue.layers).reversed() {
      guard !Task.isCancelled else { throw .cancelled }
      let held = held(pass, layer, catalogue)
      let isCarried = await engine.lend(model) { lent in
        do {
          try lent.carryGradient(work.gradientRows, layer: layer, held, into: work.mixedRows)
          return true
        } catch { return false }
      }
      guard isCarried == true else { return nil }
      let own = pass.tensor(HookPoint(.headOutput, layer: layer)).positionMajor
      values.append(work.effects(of: own, replacedBy: rows.heads(layer: layer)))
    }
    return HeadEffects(values: values.reversed())
  }

  private static func held(
    _ pass: CapturedPass, _ layer: Int, _ catalogue: HookCatalogue
  ) -> HeldAttention {
    func rows(_ site: HookSite) -> [Float] {
      pass.tensor(HookPoint(site, layer: layer)).positionMajor
    }
    let turns = catalogue.sites.contains(.rotaryQuery)
    let (queries, keys) = (rows(.query), rows(.key))
    return HeldAttention(
      pattern: pass.tensor(HookPoint(.attentionPattern, layer: layer)).values,
      stream: rows(.residualPre), output: rows(.attentionOutput), queries: queries,
      turnedQueries: turns ? rows(.rotaryQuery) : queries, keys: keys,
      turnedKeys: turns ? rows(.rotaryKey) : keys, values: rows(.value))
  }

  /// The gradient on its way, used by one call of `Engine.lend` after the other.
  private final class Work: @unchecked Sendable {
    // Proof for @unchecked: whoever finds effects awaits one call of `Engine.lend` before the next.
    private let gradient: FloatSlab
    private let mixed: FloatSlab
    private let positions: Int
    private let width: Int
    private let heads: Int
    private let size: Int

    init(_ direction: [Float], positions: Int, _ catalogue: HookCatalogue) {
      self.positions = positions
      width = catalogue.hiddenSize
      (heads, size) = (catalogue.heads, catalogue.headDimension)
      gradient = FloatSlab(count: positions * width)
      mixed = FloatSlab(count: positions * heads * size)
      for (column, value) in direction.enumerated() {
        gradient.base[(positions - 1) * width + column] = value
      }
    }

    var gradientRows: FloatRows { gradient.rows(positions, width: width) }
    var mixedRows: FloatRows { mixed.rows(positions, width: heads * size) }

    /// The gradient times what changes, by head.
    func effects(of own: [Float], replacedBy other: [Float]?) -> [Float] {
      (0..<heads).map { head in
        var sum = 0.0
        for position in 0..<positions {
          for element in 0..<size {
            let place = (position * heads + head) * size + element
            sum += Double(mixed.base[place]) * Double((other?[place] ?? 0) - own[place])
          }
        }
        return Float(sum)
      }
    }
  }
}

extension LogitTargets {
  /// The gradient `[d_model]` of a graph's metric at the stream's last row, its caps left out; nil where the model has no weights.
  static func gradient(
    of targets: [AttributionGraph.Target], at stream: [Float], on engine: Engine,
    _ model: LoadedModel
  ) async -> [Float]? {
    let isVersusMean = targets.contains { $0.versus == nil }
    let mean = isVersusMean ? await mean(on: engine, model).0 : []
    let weight = max(targets.reduce(0) { $0 + $1.weight }, .leastNormalMagnitude)
    let width = stream.count
    return await engine.lend(model) { lent in
      let row = FloatSlab(count: width)
      return withExtendedLifetime(row) {
        let view = row.rows(1, width: width)
        var sum = [Double](repeating: 0, count: width)
        func add(_ numbers: some Sequence<Double>, _ factor: Double) {
          for (column, value) in numbers.enumerated() { sum[column] += factor * value }
        }
        for target in targets {
          let share = target.weight / weight
          _ = lent.headRow(of: target.token, into: view)
          add(view.row(0).lazy.map { Double($0) }, share)
          guard let versus = target.versus else {
            add(mean, -share)
            continue
          }
          _ = lent.headRow(of: versus, into: view)
          add(view.row(0).lazy.map { Double($0) }, -share)
        }
        for column in 0..<width { row.base[column] = Float(sum[column]) }
        _ = stream.withUnsafeBufferPointer { lent.pullBackFromHead(view, at: $0) }
        var result = Array(view.row(0))
        lent.releaseLastNorm(&result, at: stream)
        return result
      }
    }
  }
}
