/// The system does not watch a descriptor: memory or its limit of watches ran out, or it is of a kind
/// that is never waited for, as a regular file.
package struct PollerError: Error, Sendable, Hashable {
  /// The system's error number.
  package let code: Int32
}
