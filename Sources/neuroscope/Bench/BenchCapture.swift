internal import ArgumentParser
internal import Hooks

/// How much a benchmark's generation captures.
enum BenchCapture: String, CaseIterable, ExpressibleByArgument {
  case none
  /// The residual stream behind every layer.
  case residual
  /// Residual stream, attention and feed-forward output of every layer.
  case components
  /// Every point of the model.
  case all

  /// The captures, whole tensors at all positions.
  func specs(_ catalogue: HookCatalogue) -> [CaptureSpec] {
    let sites: Set<HookSite> =
      switch self {
      case .none: []
      case .residual: [.residualPost]
      case .components: [.residualPost, .attentionAdded, .mlpAdded]
      case .all: catalogue.sites.subtracting([.expertOutput])
      }
    return catalogue.points.filter { sites.contains($0.site) }.map { point in
      CaptureSpec(
        hookID: point.name, layerName: point.name, component: point.site.component, isInput: false,
        point: point, selection: Selection())
    }
  }
}
