import Glibc

/// The one question this room has for the system.
enum Fence {
  /// How many processors may be used now.
  static var processorCount: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }
}
