internal import JSON
internal import Hooks

/// Every hook point of a model, for the listing.
struct HookPointList {
  /// A hook of the documented contract.
  private struct DocumentedName {
    var layer: String
    var component: HookComponent
    var isInput: Bool
  }

  private let catalogue: HookCatalogue
  /// The documented names that lead to each point.
  private let documented: [HookPoint: [DocumentedName]]

  init(_ catalogue: HookCatalogue) {
    self.catalogue = catalogue
    documented = Self.documentedNames(of: catalogue)
  }

  /// The points in the order of the forward pass, with axes, shape, dtype and other names.
  func write(to writer: inout JSONWriter) {
    writer.array { writer in
      for point in catalogue.points { write(point, to: &writer) }
    }
  }

  private func write(_ point: HookPoint, to writer: inout JSONWriter) {
    writer.object { writer in
      writer.member("name", point.name)
      writer.member("layer", point.layer < 0 ? nil : point.layer)
      writer.member("component", point.site.component.rawValue)
      writer.member("axes", ["batch"] + point.site.axes.map(\.rawValue))
      writer.array("shape") { writer in
        writer.integer(1)
        for size in catalogue.shape(of: point.site).sizes {
          if let size = size.fixed {
            writer.integer(size)
          } else {
            writer.string(size.description)
          }
        }
      }
      writer.member("dtype", "float32")
      writer.array("aliases") { writer in
        for alias in aliases(of: point) { writer.string(alias) }
      }
      writer.array("documented") { writer in
        for name in documented[point] ?? [] {
          writer.object { writer in
            writer.member("layer_name", name.layer)
            writer.member("component", name.component.rawValue)
            writer.member("is_input", name.isInput)
          }
        }
      }
    }
  }

  private func aliases(of point: HookPoint) -> [String] {
    point.site.aliases.map { point.layer < 0 ? $0 : "blocks.\(point.layer).\($0)" }
  }

  /// Found by resolving them all.
  private static func documentedNames(
    of catalogue: HookCatalogue
  ) -> [HookPoint: [DocumentedName]] {
    var names: [HookPoint: [DocumentedName]] = [:]
    func note(_ layer: String, _ component: HookComponent, isInput: Bool) {
      let point = try? catalogue.resolve(
        layerName: layer, component: component.rawValue, isInput: isInput)
      guard let point else { return }
      names[point, default: []].append(
        DocumentedName(layer: layer, component: component, isInput: isInput))
    }
    let blocks = (0..<catalogue.layers).map { "transformer.h.\($0)" }
    for layer in ["transformer.wte"] + blocks + ["model.norm", "lm_head"] {
      for component in HookComponent.allCases where component != .expert {
        for isInput in [true, false] { note(layer, component, isInput: isInput) }
      }
    }
    for layer in 0..<catalogue.layers {
      for expert in 0..<catalogue.experts {
        note("layers.\(layer).mlp.experts.\(expert)", .expert, isInput: false)
      }
    }
    return names
  }

  /// The documented components, with the reason where this model has none.
  func writeComponents(to writer: inout JSONWriter) {
    writer.array { writer in
      for component in HookComponent.allCases {
        writer.object { writer in
          writer.member("component", component.rawValue)
          let problem = problem(with: component)
          writer.member("available", problem == nil)
          writer.member(ifPresent: "reason", problem)
        }
      }
    }
  }

  private func problem(with component: HookComponent) -> String? {
    let layer: String =
      switch component {
      case .embedding: "transformer.wte"
      case .finalNorm: "model.norm"
      case .logits: "lm_head"
      case .expert: "layers.\(catalogue.firstRoutedLayer).mlp.experts.0"
      default: "transformer.h.\(catalogue.firstRoutedLayer)"
      }
    do {
      _ = try catalogue.resolve(layerName: layer, component: component.rawValue, isInput: false)
      return nil
    } catch {
      return error.sentence
    }
  }
}
