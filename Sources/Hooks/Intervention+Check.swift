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
  case parameterOutOfRange(String, found: String, allowed: String)
}

extension Intervention {
  /// Checks every index and length against the model, so that applying it can't go out of range.
  package func check(_ catalogue: HookCatalogue) throws(InterventionProblem) {
    let site = point.site
    let sizes = catalogue.shape(of: site).sizes
    if let reason = site.readOnly {
      throw .changeNotPossible(kind: change.name, site: site.name, reason: reason)
    }
    let width = catalogue.width(of: site)
    try change.check(
      ChangedPlace(
        point: point, catalogue: catalogue, isPart: heads != nil || neurons != nil))
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
      let last = site.isOverKeys ? Int.max : sizes.last?.fixed ?? width
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
}

extension Change {
  /// The kind's name in requests and events.
  package var name: String { Self.name }
}
