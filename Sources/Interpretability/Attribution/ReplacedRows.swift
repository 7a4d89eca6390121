internal import Engine
internal import Hooks
internal import Tokenizers

/// What takes the place of heads' outputs and feed-forward parts that are cut out of a circuit.
struct ReplacedRows: Sendable {
  /// By layer; nil for zeros.
  private let heads: [PatchedRows]?
  private let mlps: [PatchedRows]?

  static func find(
    _ replacement: CircuitCheck.Replacement, positions: Int, own: [Token], on engine: Engine,
    _ model: LoadedModel
  ) async throws(EngineError) -> ReplacedRows {
    switch replacement {
    case .zero: return ReplacedRows(heads: nil, mlps: nil)
    case .ownMean: return try await mean(of: [own], isOverPositions: true, on: engine, model)
    case .corrupted(let prompt):
      return try await mean(of: [prompt], isOverPositions: false, on: engine, model)
    case .mean(let prompts):
      return try await mean(of: prompts, isOverPositions: false, on: engine, model)
    }
  }

  private static func mean(
    of prompts: [[Token]], isOverPositions: Bool, on engine: Engine, _ model: LoadedModel
  ) async throws(EngineError) -> ReplacedRows {
    let layers = 0..<model.catalogue.layers
    let points =
      layers.map { HookPoint(.headOutput, layer: $0) }
      + layers.map { HookPoint(.mlpAdded, layer: $0) }
    var sums: [[Double]] = []
    for prompt in prompts {
      guard !Task.isCancelled else { throw .cancelled }
      let pass = try await PromptPass.run(prompt, on: engine, model, capturing: points)
      for (place, point) in points.enumerated() {
        let rows = pass.tensor(point).positionMajor
        if place == sums.count {
          sums.append(rows.map { Double($0) })
        } else {
          for index in rows.indices { sums[place][index] += Double(rows[index]) }
        }
      }
    }
    let patches = zip(points, sums).map { point, sum in
      let width = model.catalogue.width(of: point.site)
      var rows = sum.map { Float($0 / Double(max(prompts.count, 1))) }
      if isOverPositions { average(&rows, width: width) }
      return PatchedRows(values: rows, width: width, firstPosition: 0)
    }
    return ReplacedRows(
      heads: Array(patches.prefix(layers.count)), mlps: Array(patches.dropFirst(layers.count)))
  }

  /// Makes every row the mean of all.
  private static func average(_ rows: inout [Float], width: Int) {
    let count = rows.count / max(width, 1)
    for column in 0..<width {
      let sum = (0..<count).reduce(0.0) { $0 + Double(rows[$1 * width + column]) }
      for row in 0..<count { rows[row * width + column] = Float(sum / Double(count)) }
    }
  }

  /// What takes the place of a layer's heads, `[positions, heads * d_head]`; nil for zeros.
  func heads(layer: Int) -> [Float]? { heads?[layer].values }

  /// The edits that replace all heads and feed-forward parts but some.
  func edits(_ layout: GraphLayout, keeping kept: Set<Int>) -> [Intervention] {
    var edits: [Intervention] = []
    let positions = 0..<layout.positions
    for layer in 0..<layout.layers {
      // Heads that are cut at the same positions are one edit.
      var byPositions: [[Int]: [Int]] = [:]
      for head in 0..<layout.heads {
        let cut = positions.filter { !kept.contains(layout.head(layer, head, $0)) }
        if !cut.isEmpty { byPositions[cut, default: []].append(head) }
      }
      for (cut, some) in byPositions.sorted(by: { $0.value[0] < $1.value[0] }) {
        edits.append(
          edit("\(layer).heads.\(some[0])", .headOutput, layer, heads?[layer], cut, some))
      }
      let cut = positions.filter { !kept.contains(layout.mlp(layer, $0)) }
      if !cut.isEmpty {
        edits.append(edit("\(layer).mlp", .mlpAdded, layer, mlps?[layer], cut, nil))
      }
    }
    return edits
  }

  private func edit(
    _ id: String, _ site: HookSite, _ layer: Int, _ rows: PatchedRows?, _ positions: [Int],
    _ heads: [Int]?
  ) -> Intervention {
    let change: any Change = rows.map { Patch($0) } ?? Zero()
    return Intervention(
      id: id, point: HookPoint(site, layer: layer), change: change, positions: .list(positions),
      heads: heads)
  }
}
