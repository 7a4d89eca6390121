internal import Hooks

/// The names of components for listings.
enum HookNames {
  static let components = HookComponent.allCases.map(\.rawValue)
}
