internal import Foundation
internal import Hooks
internal import Tensors

/// A router and its experts, of which each position uses a few, and perhaps one that all use.
///
/// Positions are grouped by expert, so each chosen expert's weights are read once for all rows that use it, and
/// no other expert's are touched.
struct MixtureOfExperts: Sendable {
  struct Expert: Sendable {
    let gate: Linear
    let up: Linear
    let down: Linear
  }

  /// What stands between an expert's matrices.
  enum Activation: Sendable {
    /// gpt-oss: gate and up clamped, `(up + 1) * gate * sigmoid(slope * gate)`.
    case clamped(limit: Float, slope: Float)
    /// `act(gate) * up`.
    case gated(ActivationFunction)
  }

  /// An expert that every position uses, weighed by the sigmoid of a score `[1, d]` of its own (Qwen 2 MoE).
  struct Shared: Sendable {
    let expert: Expert
    let gate: Linear
  }

  let router: Linear
  let experts: [Expert]
  let chosen: Int
  let activation: Activation
  /// Whether the weights of the chosen experts sum to 1; else each has its share of all experts.
  var normalizesWeights = true
  var shared: Shared?

  func forward(_ normed: FloatRows, into out: FloatRows, layer: Int, _ pass: Pass) {
    guard let work = pass.work.mixture else { return }
    let rows = pass.rows
    let logits = work.logits.rows(rows, width: experts.count)
    pass.plan(router, normed, into: logits)
    pass.run()
    pass.hooks.visit(.routerLogits, layer: layer, logits)
    for row in 0..<rows { route(row, logits.row(row), layer: layer, work, pass) }
    pass.hooks.visit(.expertIndices, layer: layer, work.indices.rows(rows, width: chosen))
    pass.hooks.visit(.expertWeights, layer: layer, work.weights.rows(rows, width: chosen))

    // Decoding rows and those of prompts are grouped apart: they take other kernels.
    var groups = 0
    if pass.batch.decodeRows > 0 {
      groups = work.group(rows: 0..<pass.batch.decodeRows, chosen, experts.count, from: 0)
    }
    let decodeGroups = groups
    if pass.batch.decodeRows < rows {
      groups = work.group(rows: pass.batch.decodeRows..<rows, chosen, experts.count, from: groups)
    }
    compute(normed, groups: groups, decodeGroups: decodeGroups, rows: rows, work, pass)
    show(layer: layer, groups: groups, work, pass)
    showResults(layer: layer, rows: rows, work, pass)
    combine(into: out, rows: rows, work)
    if let shared { add(shared, normed, into: out, layer: layer, work, pass) }
  }

  /// Chooses a row's experts by falling logit; their weights are the softmax over the chosen, or over all.
  private func route(
    _ row: Int, _ logits: UnsafeMutableBufferPointer<Float>, layer: Int, _ work: MixtureWorkspace,
    _ pass: Pass
  ) {
    var choice = RoutingChoice()
    if let (tap, position) = pass.hooks.tap(
      row: row, site: .routerLogits, layer: layer)
    {
      choice = tap.routing(layer: layer, position: position)
    }
    let first = row * chosen
    if let forced = choice.forced {
      let ordered = forced.sorted { (logits[$0], $1) > (logits[$1], $0) }
      for slot in 0..<chosen { work.choice[first + slot] = ordered[slot] }
    } else {
      for slot in 0..<chosen {
        var best = -1
        for expert in 0..<experts.count
        where (best < 0 || logits[expert] > logits[best]) && !choice.banned.contains(expert) {
          var isTaken = false
          for earlier in 0..<slot where work.choice[first + earlier] == expert { isTaken = true }
          if !isTaken { best = expert }
        }
        // Only scores that are no numbers leave nothing to choose; the engine reports those.
        work.choice[first + slot] = max(best, 0)
      }
    }
    let top = logits[work.choice[first]]
    var sum: Float = 0
    for slot in 0..<chosen {
      let weight = exp(logits[work.choice[first + slot]] - top)
      work.weights.base[first + slot] = weight
      work.indices.base[first + slot] = Float(work.choice[first + slot])
      sum += weight
    }
    if !normalizesWeights { sum = logits.reduce(0) { $0 + exp($1 - top) } }
    for slot in 0..<chosen { work.weights.base[first + slot] /= sum }
  }

  private func compute(
    _ normed: FloatRows, groups: Int, decodeGroups: Int, rows: Int, _ work: MixtureWorkspace,
    _ pass: Pass
  ) {
    let count = rows * chosen
    let gathered = work.gathered.rows(count, width: normed.width)
    for place in 0..<count {
      let source = normed.row(work.order[place] / chosen)
      if let from = source.baseAddress {
        gathered.row(place).baseAddress?.update(from: from, count: source.count)
      }
    }
    let width = experts[0].gate.weight.rows
    let g = work.gate.rows(count, width: width)
    let u = work.up.rows(count, width: width)
    let y = work.outputs.rows(count, width: experts[0].down.weight.rows)
    func plan(_ linear: Linear, _ group: Int, _ x: FloatRows, into y: FloatRows) {
      let range = work.groups[group].rows
      pass.plan(linear, x[range], into: y[range], group < decodeGroups ? .single : .panel)
    }
    for group in 0..<groups {
      let expert = experts[work.groups[group].expert]
      plan(expert.gate, group, gathered, into: g)
      plan(expert.up, group, gathered, into: u)
    }
    pass.run()
    activate(g, u, pass)
    for group in 0..<groups { plan(experts[work.groups[group].expert].down, group, g, into: y) }
    pass.run()
  }

  private func activate(_ gate: FloatRows, _ up: FloatRows, _ pass: Pass) {
    switch activation {
    case .clamped(let limit, let slope):
      pass.arithmetic.gptOssGate(gate: gate, up: up, limit: limit, alpha: slope, into: gate)
    case .gated(let function):
      pass.arithmetic.product(function, gate: gate, up: up, into: gate)
    }
  }

  /// Adds the shared expert's output, weighed by its gate, to `out [rows, d]`.
  private func add(
    _ shared: Shared, _ normed: FloatRows, into out: FloatRows, layer: Int,
    _ work: MixtureWorkspace, _ pass: Pass
  ) {
    let width = shared.expert.gate.weight.rows
    let g = work.sharedGate.rows(pass.rows, width: width)
    let u = work.sharedUp.rows(pass.rows, width: width)
    let y = work.sharedOutput.rows(pass.rows, width: out.width)
    let weights = work.sharedWeights.rows(pass.rows, width: 1)
    pass.plan(shared.expert.gate, normed, into: g)
    pass.plan(shared.expert.up, normed, into: u)
    pass.plan(shared.gate, normed, into: weights)
    pass.run()
    activate(g, u, pass)
    pass.plan(shared.expert.down, g, into: y)
    pass.run()
    pass.hooks.visit(.sharedExpertOutput, layer: layer, y)
    for row in 0..<pass.rows { weights.row(row)[0] = 1 / (1 + exp(-weights.row(row)[0])) }
    pass.hooks.visit(.sharedExpertGate, layer: layer, weights)
    for row in 0..<pass.rows {
      let (target, source, weight) = (out.row(row), y.row(row), weights.row(row)[0])
      for column in target.indices { target[column] += weight * source[column] }
    }
  }

  /// Shows each expert's output rows to those who want that expert.
  private func show(layer: Int, groups: Int, _ work: MixtureWorkspace, _ pass: Pass) {
    guard pass.hooks.wants(.expertOutput, layer: layer) else { return }
    for group in work.groups[..<groups] {
      for place in group.rows {
        guard
          let (tap, position) = pass.hooks.tap(
            row: work.order[place] / chosen, site: .expertOutput, layer: layer)
        else { continue }
        let rows = FloatRows(
          base: work.outputs.base + place * work.hiddenSize, rows: 1, width: work.hiddenSize)
        tap.seeExpert(group.expert, layer: layer, row: rows, position: position)
      }
    }
  }

  /// Shows each chosen expert's output times its weight, `[rows, chosen * d_model]`, in the order of the router's choice.
  private func showResults(layer: Int, rows: Int, _ work: MixtureWorkspace, _ pass: Pass) {
    guard pass.hooks.wants(.expertResult, layer: layer) else { return }
    let width = work.hiddenSize
    let slab = FloatSlab(count: rows * chosen * width)
    for place in 0..<rows * chosen {
      let assignment = work.order[place]
      let weight = work.weights.base[assignment]
      let (source, target) = (work.outputs.base + place * width, slab.base + assignment * width)
      for column in 0..<width { target[column] = weight * source[column] }
    }
    // Views don't keep their slabs alive.
    withExtendedLifetime(slab) {
      pass.hooks.visit(.expertResult, layer: layer, slab.rows(rows, width: chosen * width))
    }
  }

  /// Adds the outputs of a row's experts, weighted, in the order of the router's choice.
  private func combine(into out: FloatRows, rows: Int, _ work: MixtureWorkspace) {
    for place in 0..<rows * chosen { work.place[work.order[place]] = place }
    for row in 0..<rows {
      let target = out.row(row)
      target.update(repeating: 0)
      for slot in 0..<chosen {
        let weight = work.weights.base[row * chosen + slot]
        let source = work.outputs.base + work.place[row * chosen + slot] * work.hiddenSize
        for column in 0..<target.count { target[column] += weight * source[column] }
      }
    }
  }
}

/// Scratch memory of a mixture: the router's choices, and rows gathered by expert.
final class MixtureWorkspace {
  /// Consecutive places in `order` that use one expert.
  struct Group {
    let expert: Int
    let rows: Range<Int>
  }

  let hiddenSize: Int
  let logits: FloatSlab
  let indices: FloatSlab
  let weights: FloatSlab
  let gathered: FloatSlab
  let gate: FloatSlab
  let up: FloatSlab
  let outputs: FloatSlab
  let sharedGate: FloatSlab
  let sharedUp: FloatSlab
  let sharedOutput: FloatSlab
  let sharedWeights: FloatSlab
  /// The chosen experts, `[rows, chosen]`.
  var choice: [Int]
  /// Assignments (row * chosen + slot) in the order in which they are computed.
  var order: [Int]
  /// The place in `order` of each assignment.
  var place: [Int]
  var groups: [Group] = []
  private var counts: [Int]

  init(catalogue c: HookCatalogue, neurons: Int, sharedNeurons: Int, maxRows: Int) {
    let assignments = maxRows * c.expertsPerToken
    hiddenSize = c.hiddenSize
    logits = FloatSlab(count: maxRows * c.experts)
    indices = FloatSlab(count: assignments)
    weights = FloatSlab(count: assignments)
    gathered = FloatSlab(count: assignments * c.hiddenSize)
    gate = FloatSlab(count: assignments * neurons)
    up = FloatSlab(count: assignments * neurons)
    outputs = FloatSlab(count: assignments * c.hiddenSize)
    sharedGate = FloatSlab(count: maxRows * sharedNeurons)
    sharedUp = FloatSlab(count: maxRows * sharedNeurons)
    sharedOutput = FloatSlab(count: sharedNeurons > 0 ? maxRows * c.hiddenSize : 0)
    sharedWeights = FloatSlab(count: sharedNeurons > 0 ? maxRows : 0)
    choice = Array(repeating: 0, count: assignments)
    order = Array(repeating: 0, count: assignments)
    place = Array(repeating: 0, count: assignments)
    counts = Array(repeating: 0, count: c.experts + 1)
  }

  /// Sorts the assignments of some rows by expert, keeping their order, into groups from `first` on.
  ///
  /// - Returns: the number of groups in all.
  func group(rows: Range<Int>, _ chosen: Int, _ experts: Int, from first: Int) -> Int {
    groups.removeLast(groups.count - min(first, groups.count))
    for expert in counts.indices { counts[expert] = 0 }
    let assignments = rows.lowerBound * chosen..<rows.upperBound * chosen
    for assignment in assignments { counts[choice[assignment] + 1] += 1 }
    for expert in 0..<experts { counts[expert + 1] += counts[expert] }
    for expert in 0..<experts where counts[expert + 1] > counts[expert] {
      let base = assignments.lowerBound
      groups.append(
        Group(expert: expert, rows: base + counts[expert]..<base + counts[expert + 1]))
    }
    for assignment in assignments {
      order[assignments.lowerBound + counts[choice[assignment]]] = assignment
      counts[choice[assignment]] += 1
    }
    return groups.count
  }
}
