/// Why a hook's names lead to no tensor of this model.
///
/// Facts; the server words them.
package enum HookNameProblem: Error, Sendable, Equatable {
  case unknownComponent(String, nearest: [String])
  case unknownLayer(String, nearest: [String])
  case layerOutOfRange(Int, layers: Int, name: String)
  case expertOutOfRange(Int, experts: Int, name: String)
  /// The layer's name is of one thing, the component of another.
  case contradiction(layerName: String, component: String, valid: [String])
  /// The point exists in other models, not in this one.
  case notInThisModel(layerName: String, component: String, reason: String)
  /// The component has no such side at this layer (the input of an embedding, say).
  case noSuchSide(layerName: String, component: String, isInput: Bool, reason: String)
}

extension HookCatalogue {
  /// The point that a documented or TransformerLens layer name, a component and a side mean.
  ///
  /// All names of one point resolve to the same value, so they give byte-equal tensors.
  package func resolve(
    layerName: String, component componentName: String, isInput: Bool
  ) throws(HookNameProblem) -> HookPoint {
    guard let component = HookComponent(name: componentName) else {
      throw .unknownComponent(
        componentName,
        nearest: nearestNames(to: componentName, in: HookComponent.allCases.map(\.rawValue)))
    }
    guard let place = LayerName(layerName) else {
      throw .unknownLayer(layerName, nearest: nearestLayerNames(to: layerName))
    }
    if let layer = place.layer, layer >= layers {
      throw .layerOutOfRange(layer, layers: layers, name: layerName)
    }
    let point = try resolve(place, layerName, component, componentName, isInput)
    guard sites.contains(point.site) else {
      throw .notInThisModel(
        layerName: layerName, component: componentName,
        reason: HookSites.row(point.site).absence(self))
    }
    let isOfExperts = component == .moe || component == .expert
    guard computes(point.site, layer: point.layer),
      !(isOfExperts && denseLayers.contains(point.layer))
    else {
      let isDense = denseLayers.contains(point.layer)
      throw .notInThisModel(
        layerName: layerName, component: componentName,
        reason: isDense
          ? "layer \(point.layer) of this \(family) has no experts; its feed-forward part is `mlp`"
          : "layer \(point.layer) of this \(family) computes its feed-forward part inside experts; "
            + "use `moe` or `expert`")
    }
    if point.expert >= experts, point.expert >= 0 {
      throw .expertOutOfRange(point.expert, experts: experts, name: layerName)
    }
    return point
  }

  private func resolve(
    _ place: LayerName, _ layerName: String, _ component: HookComponent, _ componentName: String,
    _ isInput: Bool
  ) throws(HookNameProblem) -> HookPoint {
    let layer = place.layer ?? -1
    if experts == 0, component == .moe || component == .expert {
      throw .notInThisModel(
        layerName: layerName, component: componentName,
        reason: HookSites.row(.routerLogits).absence(self))
    }
    if case .site(let site) = place.module {
      guard
        site.component == component || (component == .mlp && site.component == .moe)
          || (component == .moe && site.component == .mlp)
      else {
        throw .contradiction(
          layerName: layerName, component: componentName, valid: [site.component.rawValue])
      }
      guard !isInput else {
        throw .noSuchSide(
          layerName: layerName, component: componentName, isInput: true,
          reason: "this name is one tensor; ask for it with capture_output")
      }
      return HookPoint(site, layer: layer)
    }
    guard place.module.components.contains(component) else {
      throw .contradiction(
        layerName: layerName, component: componentName,
        valid: place.module.components.map(\.rawValue))
    }
    if component == .expert {
      guard case .expert(let expert) = place.module else {
        throw .contradiction(
          layerName: layerName, component: componentName,
          valid: ["layers.\(max(layer, 0)).mlp.experts.0"])
      }
      guard !isInput else {
        throw .noSuchSide(
          layerName: layerName, component: componentName, isInput: true,
          reason: "an expert's input is the layer's `moe` input, at the positions routed to it")
      }
      return HookPoint(.expertOutput, layer: layer, expert: expert)
    }
    if place.module == .positionEmbedding, !isInput { return HookPoint(.positionEmbedding) }
    guard let site = site(of: component, isInput: isInput) else {
      throw .noSuchSide(
        layerName: layerName, component: componentName, isInput: isInput,
        reason: "\(component.rawValue) has no tensor before it; capture its output")
    }
    if component == .finalNorm, isInput { return HookPoint(site, layer: layers - 1) }
    return HookPoint(site, layer: layer)
  }

  /// What a component's input or output is: of the model's sites that are this side the last one, or one it lacks.
  private func site(of component: HookComponent, isInput: Bool) -> HookSite? {
    let side: HookSiteRow.Side = isInput ? .input(component) : .output(component)
    let named = HookSites.all.filter { $0.sides.contains(side) }.map(\.site)
    return named.last(where: sites.contains) ?? named.last
  }

  /// Names a client may have meant, nearest first.
  private func nearestLayerNames(to name: String) -> [String] {
    let digits = name.split { !$0.isNumber }.first.flatMap { Int($0) }
    let layer = min(max(digits ?? 0, 0), layers - 1)
    let candidates =
      [
        "transformer.h.\(layer)", "model.layers.\(layer)", "model.layers.\(layer).self_attn",
        "model.layers.\(layer).mlp", "layers.\(layer)", "layers[\(layer)]", "transformer.wte",
        "embed_tokens", "model.embed_tokens", "model.norm", "lm_head",
      ]
      + orderedSites.filter { $0 != .expertOutput }.map {
        $0.isPerLayer ? "blocks.\(layer).\($0.name)" : $0.name
      }
    return nearestNames(to: name, in: candidates)
  }
}

/// The three candidates with the smallest edit distance to `name`.
package func nearestNames(to name: String, in candidates: [String]) -> [String] {
  let wanted = Array(name.lowercased().prefix(80))
  let ranked = candidates.map { ($0, editDistance(wanted, Array($0.lowercased()))) }
  return ranked.sorted { ($0.1, $0.0) < ($1.1, $1.0) }.prefix(3).map(\.0)
}

/// Levenshtein's distance, one row at a time.
private func editDistance(_ a: [Character], _ b: [Character]) -> Int {
  var row = Array(0...b.count)
  for (i, left) in a.enumerated() {
    var diagonal = row[0]
    row[0] = i + 1
    for (j, right) in b.enumerated() {
      let substituted = diagonal + (left == right ? 0 : 1)
      diagonal = row[j + 1]
      row[j + 1] = min(substituted, row[j] + 1, row[j + 1] + 1)
    }
  }
  return row[b.count]
}
