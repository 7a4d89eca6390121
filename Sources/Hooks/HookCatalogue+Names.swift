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
        layerName: layerName, component: componentName, reason: absence(of: point.site))
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
        layerName: layerName, component: componentName, reason: absence(of: .routerLogits))
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
    guard let site = site(of: component, isInput: isInput) else {
      throw .noSuchSide(
        layerName: layerName, component: componentName, isInput: isInput,
        reason: "\(component.rawValue) has no tensor before it; capture its output")
    }
    if component == .finalNorm, isInput { return HookPoint(site, layer: layers - 1) }
    return HookPoint(site, layer: layer)
  }

  /// What a component's input and output are (the table of the documented contract).
  private func site(of component: HookComponent, isInput: Bool) -> HookSite? {
    switch component {
    case .residual: isInput ? .residualPre : .residualPost
    case .attention: isInput ? attentionInput : .attentionOutput
    case .mlp, .moe: isInput ? mlpInput : .mlpOutput
    case .expert: .expertOutput
    case .embedding: isInput ? nil : .embedding
    case .layernorm: isInput ? .residualPre : .attentionNorm
    case .query: isInput ? .query : .rotaryQuery
    case .key: isInput ? .key : .rotaryKey
    case .value: .value
    case .attentionScores: isInput ? nil : .attentionScores
    case .attentionPattern: isInput ? .attentionScores : .attentionPattern
    case .attentionSink: isInput ? nil : .attentionSink
    case .finalNorm: isInput ? .residualPost : .finalNorm
    case .logits: isInput ? .finalNorm : .logits
    }
  }

  /// What enters attention: the norm's output, or the residual stream itself in post-norm families.
  private var attentionInput: HookSite {
    sites.contains(.attentionNorm) ? .attentionNorm : .residualPre
  }

  private var mlpInput: HookSite { sites.contains(.mlpNorm) ? .mlpNorm : .residualMid }

  /// The reason why a site is missing in this family.
  private func absence(of site: HookSite) -> String {
    switch site {
    case .routerLogits, .expertIndices, .expertWeights, .expertOutput:
      "\(family) has no experts; its feed-forward part is `mlp`"
    case .mlpPre, .mlpPost:
      "\(family) computes its feed-forward part inside experts; use `moe` or `expert`"
    case .mlpPreLinear:
      experts > 0
        ? "\(family) computes its feed-forward part inside experts; use `moe` or `expert`"
        : "\(family) has no gated feed-forward part"
    case .attentionSink: "\(family) has no attention sinks; the rows of its pattern sum to 1"
    case .positionEmbedding: "\(family) has no position embedding; it rotates queries and keys"
    case .rotaryQuery, .rotaryKey: "\(family) does not rotate queries and keys"
    case .attentionNorm, .attentionNormalized: "\(family) has no norm before attention"
    case .mlpNorm, .mlpNormalized: "\(family) has no norm before its feed-forward part"
    default: "\(family) does not compute \(site.name)"
    }
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
      + HookSite.allCases.filter { sites.contains($0) && $0 != .expertOutput }.map {
        Self.isPerLayer($0) ? "blocks.\(layer).\($0.name)" : $0.name
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
