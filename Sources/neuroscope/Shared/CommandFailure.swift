internal import Checkpoints
internal import Engine
internal import Hooks
internal import API
internal import Tokenizers

/// Why a command gives up, in a sentence for the person at the terminal.
struct CommandFailure: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }

  init(_ error: EngineError) { description = error.sentence.2 }

  init(_ problem: HookNameProblem) {
    switch problem {
    case .unknownComponent(let name, let nearest):
      description = "no component \(name); nearest: \(nearest.joined(separator: ", "))"
    case .unknownLayer(let name, let nearest):
      description = "no layer \(name); nearest: \(nearest.joined(separator: ", "))"
    case .layerOutOfRange(let layer, let layers, _):
      description = "no layer \(layer); the model has \(layers), counted from 0"
    case .expertOutOfRange(let expert, let experts, _):
      description = "no expert \(expert); a layer has \(experts), counted from 0"
    case .contradiction(let layer, let component, let valid):
      description = "\(layer) has no \(component); it has \(valid.joined(separator: ", "))"
    case .notInThisModel(let layer, let component, let reason):
      description = "\(component) at \(layer): \(reason)"
    case .noSuchSide(let layer, let component, _, let reason):
      description = "\(component) at \(layer): \(reason)"
    }
  }
}
