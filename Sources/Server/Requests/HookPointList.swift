internal import Frames
internal import Hooks

/// Every hook point of a model, for the listing.
struct HookPointList {
  private let catalogue: HookCatalogue

  init(_ catalogue: HookCatalogue) { self.catalogue = catalogue }

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
        for (axis, size) in zip(point.site.axes, catalogue.dimensions(of: point.site)) {
          if let size {
            writer.integer(size)
          } else {
            writer.string(axis == .keyPosition ? "K" : "S")
          }
        }
      }
      writer.member("dtype", "float32")
      writer.array("aliases") { writer in
        for alias in aliases(of: point) { writer.string(alias) }
      }
      writer.array("documented") { writer in
        for name in documentedNames(of: point) {
          writer.object { writer in
            writer.member("layer_name", name.layer)
            writer.member("component", name.component)
            writer.member("is_input", name.isInput)
          }
        }
      }
    }
  }

  private func aliases(of point: HookPoint) -> [String] {
    point.site.aliases.map { point.layer < 0 ? $0 : "blocks.\(point.layer).\($0)" }
  }

  /// Names of the documented contract that lead to a point, found by resolving them.
  private func documentedNames(
    of point: HookPoint
  ) -> [(layer: String, component: String, isInput: Bool)] {
    let layers: [String] =
      point.layer < 0
      ? ["transformer.wte", "model.norm", "lm_head"]
      : ["transformer.h.\(point.layer)"]
        + (point.layer == catalogue.layers - 1 ? ["model.norm"] : [])
    var names: [(layer: String, component: String, isInput: Bool)] = []
    for layer in layers {
      for component in HookComponent.allCases where component != .expert {
        for isInput in [true, false] {
          let found = try? catalogue.resolve(
            layerName: layer, component: component.rawValue, isInput: isInput)
          if found == point { names.append((layer, component.rawValue, isInput)) }
        }
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
      case .expert: "layers.0.mlp.experts.0"
      default: "transformer.h.0"
      }
    do {
      _ = try catalogue.resolve(layerName: layer, component: component.rawValue, isInput: false)
      return nil
    } catch {
      return error.sentence
    }
  }
}
