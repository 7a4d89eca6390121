internal import Hooks

extension HookNameProblem {
  /// The machine-readable name.
  var code: String {
    switch self {
    case .unknownComponent: "unknown_component"
    case .unknownLayer: "unknown_layer"
    case .layerOutOfRange: "layer_out_of_range"
    case .expertOutOfRange: "expert_out_of_range"
    case .contradiction: "contradicting_hook"
    case .notInThisModel: "not_in_this_model"
    case .noSuchSide: "no_such_side"
    }
  }

  /// Names that would be right, nearest first.
  var nearest: [String] {
    switch self {
    case .unknownComponent(_, let nearest), .unknownLayer(_, let nearest): nearest
    case .layerOutOfRange(let layer, let layers, let name):
      [name.replacing("\(layer)", with: "\(layers - 1)")]
    case .contradiction(_, _, let valid): valid
    case .expertOutOfRange, .notInThisModel, .noSuchSide: []
    }
  }

  var sentence: String {
    switch self {
    case .unknownComponent(let name, let nearest):
      "unknown component \(name); nearest: \(nearest.joined(separator: ", "))"
    case .unknownLayer(let name, let nearest):
      "unknown layer_name \(name); nearest: \(nearest.joined(separator: ", "))"
    case .layerOutOfRange(let layer, let layers, let name):
      "\(name) names layer \(layer), but the model has \(layers) layers (0 to \(layers - 1)); "
        + "nearest: \(nearest.joined(separator: ", "))"
    case .expertOutOfRange(let expert, let experts, let name):
      "\(name) names expert \(expert), but a layer has \(experts) experts (0 to \(experts - 1))"
    case .contradiction(let layerName, let component, let valid):
      "layer_name \(layerName) contradicts component \(component); "
        + "valid with it: \(valid.joined(separator: ", "))"
    case .notInThisModel(let layerName, let component, let reason):
      "\(layerName) \(component) can't be captured from this model: \(reason)"
    case .noSuchSide(let layerName, let component, let isInput, let reason):
      "\(layerName) \(component) has no \(isInput ? "input" : "output") to capture: \(reason)"
    }
  }
}

extension InterventionProblem {
  var sentence: String {
    switch self {
    case .vectorLength(let found, let expected):
      "vector has \(found) numbers, the point is \(expected) wide"
    case .headOutOfRange(let head, let heads):
      "head \(head) is out of range (0 to \(heads - 1))"
    case .noHeads(let site): "\(site) has no heads"
    case .neuronOutOfRange(let neuron, let width):
      "neuron \(neuron) is out of range (0 to \(width - 1))"
    case .expertOutOfRange(let expert, let experts):
      experts == 0
        ? "this model has no experts" : "expert \(expert) is out of range (0 to \(experts - 1))"
    case .repeatedIndex(let index, let name): "\(name) names \(index) twice"
    case .emptySelection(let name): "\(name) is empty, which changes nothing"
    case .expertCount(let found, let expected):
      "\(found) experts are named or left, \(expected) are needed per token"
    case .changeNotPossible(let kind, let site, let reason):
      "\(kind) is not possible at \(site): \(reason)"
    case .parameterOutOfRange(let name, let found, let allowed):
      "\(name) must be \(allowed), found \(found)"
    case .patchWidth(let found, let expected):
      "the source's rows are \(found) wide, the point is \(expected) wide"
    }
  }
}
