package import HTTP

internal import Hooks
internal import Loops

extension KeyFileError {
  /// What is wrong, for whoever keeps the file.
  package var sentence: String {
    switch self {
    case .unreadable(let path, let reason): "\(path): \(reason)"
    case .malformed(let path, let field, let expected): "\(path): \(field) must be \(expected)"
    case .unknownLimit(let path, let field, let name):
      "\(path): \(field) has no \(name.prefix(80).debugDescription); nearest: "
        + nearestNames(to: name, in: ClientLimits.Name.allCases.map(\.rawValue)).joined(
          separator: ", ")
    case .repeated(let name): "there are two keys \(name); names must differ"
    case .absent(let name): "there is no key \(name)"
    }
  }
}
