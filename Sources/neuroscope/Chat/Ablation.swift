internal import Engine
internal import Hooks

/// A place whose numbers become 0 while the model answers.
struct Ablation: Equatable {
  /// As it was typed.
  let name: String
  let intervention: Intervention

  /// Reads a list such as `head@5.2,attention@3,mlp@all,blocks.3.hook_mlp_out`.
  ///
  /// - Throws: ``CommandFailure`` naming the item and why it can't be ablated.
  static func read(_ list: String, _ catalogue: HookCatalogue) throws -> [Ablation] {
    try list.split(separator: ",").flatMap { item -> [Ablation] in
      let item = item.trimmingBlanks
      do {
        return try places(item, catalogue).map { name, point, heads in
          let intervention = Intervention(id: name, point: point, change: .zero, heads: heads)
          do throws(InterventionProblem) { try intervention.check(catalogue) } catch {
            throw CommandFailure("\(name): \(CommandFailure(.intervention(error)).description)")
          }
          return Ablation(name: name, intervention: intervention)
        }
      } catch let failure as CommandFailure {
        throw CommandFailure("/ablate: \(failure.description)")
      }
    }
  }

  private static func places(
    _ item: String, _ catalogue: HookCatalogue
  ) throws -> [(String, HookPoint, [Int]?)] {
    guard item.hasPrefix("head@") else {
      return try RunHooks.Named.read(item, catalogue).map { ($0.name, $0.point, nil) }
    }
    let numbers = item.dropFirst(5).split(separator: ".", omittingEmptySubsequences: false)
      .map { Int($0) }
    guard numbers.count == 2, let layer = numbers[0], let head = numbers[1] else {
      throw CommandFailure("\(item) is no head; write layer and head, such as head@5.2")
    }
    guard (0..<catalogue.layers).contains(layer) else {
      throw CommandFailure(
        "no layer \(layer); the model has \(catalogue.layers), counted from 0")
    }
    return [(item, HookPoint(.headOutput, layer: layer), [head])]
  }
}
