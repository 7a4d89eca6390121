/// Why an intervention can't be applied to this model.
///
/// Facts; the server words them.
package enum InterventionProblem: Error, Sendable, Equatable {
  case vectorLength(found: Int, expected: Int)
  case headOutOfRange(Int, heads: Int)
  case noHeads(site: String)
  case neuronOutOfRange(Int, width: Int)
  /// Named twice, it would be changed twice.
  case repeatedIndex(Int, of: String)
  case emptySelection(of: String)
  case expertOutOfRange(Int, experts: Int)
  case expertCount(found: Int, expected: Int)
  case changeNotPossible(kind: String, site: String, reason: String)
  case patchWidth(found: Int, expected: Int)
}

extension Intervention {
  /// Checks every index and length against the model, so that applying it can't go out of range.
  package func check(_ catalogue: HookCatalogue) throws(InterventionProblem) {
    let site = point.site
    let sizes = catalogue.shape(of: site).sizes
    let isScores = site.isOverKeys
    if let reason = site.readOnly {
      throw .changeNotPossible(kind: change.name, site: site.name, reason: reason)
    }
    let width = catalogue.width(of: site)
    switch change {
    case .mean(let vector), .add(let vector, _):
      if isScores {
        throw .changeNotPossible(
          kind: change.name, site: site.name, reason: "its rows have no fixed length")
      }
      guard vector.count == width else {
        throw .vectorLength(found: vector.count, expected: width)
      }
    case .patch(let rows, let patchWidth, _):
      if isScores {
        throw .changeNotPossible(
          kind: change.name, site: site.name, reason: "its rows have no fixed length")
      }
      guard patchWidth == width, rows.count % max(width, 1) == 0 else {
        throw .patchWidth(found: patchWidth, expected: width)
      }
    case .forceExperts(let experts), .banExperts(let experts):
      try checkExperts(experts, catalogue)
    case .zero, .scale, .clamp, .noise: break
    }
    try Self.checkDistinct(heads, "heads")
    try Self.checkDistinct(neurons, "neurons")
    if let heads {
      let count = site.axes.firstIndex { $0 == .head || $0 == .keyValueHead }.flatMap {
        sizes[$0].fixed
      }
      guard let count else { throw .noHeads(site: site.name) }
      for head in heads where head < 0 || head >= count {
        throw .headOutOfRange(head, heads: count)
      }
    }
    for neuron in neurons ?? [] {
      let last = isScores ? Int.max : sizes.last?.fixed ?? width
      guard neuron >= 0, neuron < last else { throw .neuronOutOfRange(neuron, width: last) }
    }
  }

  private static func checkDistinct(
    _ indices: [Int]?, _ name: String
  ) throws(InterventionProblem) {
    guard let indices else { return }
    guard !indices.isEmpty else { throw .emptySelection(of: name) }
    var seen: Set<Int> = []
    for index in indices where !seen.insert(index).inserted {
      throw .repeatedIndex(index, of: name)
    }
  }

  private func checkExperts(
    _ experts: [Int], _ catalogue: HookCatalogue
  ) throws(InterventionProblem) {
    guard point.site == .routerLogits else {
      throw .changeNotPossible(
        kind: change.name, site: point.site.name, reason: "experts are chosen at the router only")
    }
    for expert in experts where expert < 0 || expert >= catalogue.experts {
      throw .expertOutOfRange(expert, experts: catalogue.experts)
    }
    if case .forceExperts = change {
      guard Set(experts).count == experts.count, experts.count == catalogue.expertsPerToken else {
        throw .expertCount(found: experts.count, expected: catalogue.expertsPerToken)
      }
    } else if catalogue.experts - Set(experts).count < catalogue.expertsPerToken {
      throw .expertCount(
        found: catalogue.experts - Set(experts).count, expected: catalogue.expertsPerToken)
    }
  }
}

extension Intervention.Change {
  /// The kind's name in requests and events.
  package var name: String {
    switch self {
    case .zero: "zero"
    case .mean: "mean"
    case .scale: "scale"
    case .add: "add"
    case .clamp: "clamp"
    case .noise: "noise"
    case .patch: "patch"
    case .forceExperts: "force_experts"
    case .banExperts: "ban_experts"
    }
  }
}
