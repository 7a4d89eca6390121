#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#else
internal import Darwin
#endif

/// The only file of this room that makes system calls.
enum Fence {
  /// Renames a file over whatever is there, in one step; false if the system refuses.
  static func rename(_ old: String, to new: String) -> Bool {
    #if canImport(Glibc)
    Glibc.rename(old, new) == 0
    #elseif canImport(Musl)
    Musl.rename(old, new) == 0
    #else
    Darwin.rename(old, new) == 0
    #endif
  }
}
