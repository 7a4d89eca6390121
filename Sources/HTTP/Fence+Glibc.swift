internal import Glibc

/// The only place of this room that calls the system.
enum Fence {
  /// Puts one file in the place of another, in one step.
  static func rename(_ path: String, to other: String) -> Bool { Glibc.rename(path, other) == 0 }
}
