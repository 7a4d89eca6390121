internal import Engine
internal import Hooks
internal import Tensors

/// How much each part of the residual stream made of it, by Ferrando and Voita (2024).
///
/// A part `p` of a sum `y` contributes `max(|y| - |y - p|, 1e-5)` in L1 norms, and has the share of all contributions that
/// this is. Parts of the stream behind attention are the stream before it and what each head wrote of each position; of
/// the stream behind a layer, the stream before its MLP and the MLP, or the experts. Biases are nobody's part.
struct FlowShares {
  /// The least contribution, so that shares are defined where all parts cancel.
  static let least: Float = 1e-5

  private let memory: FlowMemory
  private let captured: CapturedPass
  private let positions: Range<Int>
  private let lent: LentModel
  private var catalogue: HookCatalogue { memory.catalogue }
  private var width: Int { catalogue.hiddenSize }

  /// - Parameter positions: those of the pass.
  init(
    memory: FlowMemory, _ captured: CapturedPass, positions: Range<Int>, _ lent: LentModel
  ) {
    self.memory = memory
    self.captured = captured
    self.positions = positions
    self.lent = lent
  }

  /// The edges into the nodes of a layer at one position of the pass.
  func edges(layer: Int, at position: Int) -> [(node: FlowNode, edges: [FlowEdge])] {
    attentionEdges(layer: layer, at: position) + [mlpEdges(layer: layer, at: position)]
  }

  // MARK: Attention

  private func attentionEdges(
    layer: Int, at position: Int
  ) -> [(node: FlowNode, edges: [FlowEdge])] {
    let whole = FloatSlab(count: width)
    copyMiddle(layer: layer, at: position, into: whole.base)
    let contributions = withExtendedLifetime(whole) {
      attention(whole, layer: layer, at: position)
    }
    return FlowEdges(
      layer: layer, position: position, granularity: memory.options.granularity,
      threshold: memory.options.threshold
    ).attention(contributions)
  }

  /// Contributions to the stream behind attention.
  private func attention(
    _ whole: FloatSlab, layer: Int, at position: Int
  ) -> HeadContributions {
    let heads = catalogue.heads
    let kept = memory.writes[layer].positions.clamped(to: 0..<position + 1)
    let factors = factors(layer: layer, at: position)
    let before = row(.residualPre, layer: layer, at: position)
    let (norm, residual) = withExtendedLifetime(before) {
      measure(whole, to: before, parts: 1)
    }
    var found = HeadContributions(
      heads: heads, sources: kept, residual: max(norm - (residual.first ?? norm), Self.least))
    var distances = [Float](repeating: 0, count: kept.count * heads)
    for run in memory.writes[layer].runs(of: kept) {
      let parts = FloatRows(base: run.rows.base, rows: run.rows.rows * heads, width: width)
      let first = (run.positions.lowerBound - kept.lowerBound) * heads
      factors.withUnsafeBufferPointer { factors in
        distances.withUnsafeMutableBufferPointer { distances in
          guard let out = distances.baseAddress, let scale = factors.baseAddress else { return }
          lent.arithmetic.distances(
            from: whole.base, to: parts, factors: scale + run.positions.lowerBound * heads,
            into: out + first)
        }
      }
    }
    found.bySource = distances.map { max(norm - $0, Self.least) }
    if kept.lowerBound > 0 {
      found.earlier = earlier(whole, norm, factors, kept, layer: layer, at: position)
    }
    return found
  }

  /// What each head's pattern says of each position, over the denominator of a norm behind attention:
  /// `[position][head]`, up to the query's own.
  private func factors(layer: Int, at position: Int) -> [Float] {
    let heads = catalogue.heads
    let scale = 1 / denominator(layer: layer, at: position)
    var factors = [Float](repeating: 0, count: (position + 1) * heads)
    captured.withValues(HookPoint(.attentionPattern, layer: layer)) { dimensions, numbers in
      for head in 0..<heads {
        let row = (head * dimensions[1] + position - positions.lowerBound) * dimensions[2]
        for source in 0...position {
          factors[source * heads + head] = numbers[row + source] * scale
        }
      }
    }
    return factors
  }

  private func denominator(layer: Int, at position: Int) -> Float {
    captured.withValues(HookPoint(.attentionOutput, layer: layer)) { _, numbers in
      let first = (position - positions.lowerBound) * width
      return lent.attentionDenominator(
        layer: layer, of: UnsafeBufferPointer(rebasing: numbers[first..<first + width]))
    } ?? 1
  }

  /// Contributions of what each head took from positions that are no longer kept: what it wrote less what it has from
  /// those that are.
  private func earlier(
    _ whole: FloatSlab, _ norm: Float, _ factors: [Float], _ kept: Range<Int>, layer: Int,
    at position: Int
  ) -> [Float] {
    let (heads, size) = (catalogue.heads, catalogue.headDimension)
    let mixed = FloatSlab(count: heads * size)
    captured.withValues(HookPoint(.headOutput, layer: layer)) { dimensions, numbers in
      for head in 0..<heads {
        let first = (head * dimensions[1] + position - positions.lowerBound) * size
        for element in 0..<size { mixed.base[head * size + element] = numbers[first + element] }
      }
    }
    let rest = FloatSlab(count: heads * width)
    // Views don't keep their slabs alive.
    return withExtendedLifetime((mixed, rest)) {
      lent.writes(
        ofMixed: mixed.rows(1, width: heads * size), layer: layer,
        into: rest.rows(1, width: heads * width))
      let scale = 1 / denominator(layer: layer, at: position)
      for number in 0..<heads * width { rest.base[number] *= scale }
      for run in memory.writes[layer].runs(of: kept) {
        for source in run.positions {
          let row = run.rows.row(source - run.positions.lowerBound)
          for head in 0..<heads where factors[source * heads + head] != 0 {
            let factor = factors[source * heads + head]
            for number in head * width..<(head + 1) * width {
              rest.base[number] -= factor * row[number]
            }
          }
        }
      }
      let distances = measure(whole, to: rest, parts: heads).distances
      return (0..<heads).map { head in
        let isAttended = (0..<kept.lowerBound).contains { factors[$0 * heads + head] != 0 }
        return isAttended ? max(norm - distances[head], Self.least) : Self.least
      }
    }
  }

  // MARK: Feed-forward parts

  private func mlpEdges(layer: Int, at position: Int) -> (node: FlowNode, edges: [FlowEdge]) {
    let whole = row(.residualPost, layer: layer, at: position)
    let (kinds, parts): ([FlowNode.Kind], FloatSlab) = mlpParts(layer: layer, at: position)
    let (norm, distances) = withExtendedLifetime((whole, parts)) {
      measure(whole, to: parts, parts: kinds.count)
    }
    let contributions = distances.map { max(norm - $0, Self.least) }
    let sum = contributions.reduce(0, +)
    let target = FlowNode(.residualPost, layer: layer, position: position)
    let edges = zip(kinds, contributions).compactMap { kind, contribution -> FlowEdge? in
      let share = contribution / sum
      guard share >= memory.options.threshold else { return nil }
      let source = FlowNode(kind, layer: layer, position: position)
      return FlowEdge(source: source, target: target, share: share)
    }
    return (target, edges)
  }

  /// What is added up to the stream behind a layer, `[part, d_model]`.
  private func mlpParts(layer: Int, at position: Int) -> (kinds: [FlowNode.Kind], rows: FloatSlab) {
    guard catalogue.computes(.expertResult, layer: layer) else {
      let slab = FloatSlab(count: 2 * width)
      copyMiddle(layer: layer, at: position, into: slab.base)
      copy(.mlpAdded, layer: layer, at: position, into: slab.base + width)
      return ([.residualMid, .mlp], slab)
    }
    let chosen = catalogue.expertsPerToken
    let slab = FloatSlab(count: (chosen + 2) * width)
    copyMiddle(layer: layer, at: position, into: slab.base)
    var kinds: [FlowNode.Kind] = [.residualMid]
    let place = position - positions.lowerBound
    captured.withValues(HookPoint(.expertIndices, layer: layer)) { _, numbers in
      for slot in 0..<chosen { kinds.append(.expert(Int(numbers[place * chosen + slot]))) }
    }
    captured.withValues(HookPoint(.expertResult, layer: layer)) { dimensions, numbers in
      for slot in 0..<chosen {
        let first = (slot * dimensions[1] + place) * width
        for column in 0..<width {
          slab.base[(slot + 1) * width + column] = numbers[first + column]
        }
      }
    }
    if catalogue.sites.contains(.sharedExpertOutput) {
      let target = slab.base + (chosen + 1) * width
      copy(.sharedExpertOutput, layer: layer, at: position, into: target)
      captured.withValues(HookPoint(.sharedExpertGate, layer: layer)) { _, numbers in
        for column in 0..<width { target[column] *= numbers[place] }
      }
      kinds.append(.sharedExpert)
    }
    return (kinds, slab)
  }

  // MARK: Rows

  /// The norm of a row, and its distances to others `[parts, d_model]`.
  private func measure(
    _ whole: FloatSlab, to rows: FloatSlab, parts: Int
  ) -> (norm: Float, distances: [Float]) {
    var out = [Float](repeating: 0, count: parts + 1)
    let factors = [Float](repeating: 1, count: parts)
    out.withUnsafeMutableBufferPointer { out in
      factors.withUnsafeBufferPointer { factors in
        guard let out = out.baseAddress, let factors = factors.baseAddress else { return }
        let none: Float = 0
        withUnsafePointer(to: none) {
          lent.arithmetic.distances(
            from: whole.base, to: whole.rows(1, width: width), factors: $0, into: out)
        }
        lent.arithmetic.distances(
          from: whole.base, to: rows.rows(parts, width: width), factors: factors, into: out + 1)
      }
    }
    return (out[0], Array(out.dropFirst()))
  }

  private func row(_ site: HookSite, layer: Int, at position: Int) -> FloatSlab {
    let slab = FloatSlab(count: width)
    copy(site, layer: layer, at: position, into: slab.base)
    return slab
  }

  /// The stream behind attention: a point of the model, or where both parts are added together the sum of the first.
  private func copyMiddle(
    layer: Int, at position: Int, into target: UnsafeMutablePointer<Float>
  ) {
    guard !catalogue.sites.contains(.residualMid) else {
      return copy(.residualMid, layer: layer, at: position, into: target)
    }
    copy(.residualPre, layer: layer, at: position, into: target)
    let added = row(.attentionAdded, layer: layer, at: position)
    // Views don't keep their slabs alive.
    withExtendedLifetime(added) {
      for column in 0..<width { target[column] += added.base[column] }
    }
  }

  private func copy(
    _ site: HookSite, layer: Int, at position: Int, into target: UnsafeMutablePointer<Float>
  ) {
    captured.withValues(HookPoint(site, layer: layer)) { _, numbers in
      let first = (position - positions.lowerBound) * width
      guard let source = numbers.baseAddress, first + width <= numbers.count else { return }
      target.update(from: source + first, count: width)
    }
  }
}
