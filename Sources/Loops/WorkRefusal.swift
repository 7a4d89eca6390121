/// Why a piece of work was not done.
package enum WorkRefusal: Error, Sendable, Hashable {
  /// As many pieces wait as may, of all clients or of this one.
  case busy(waiting: Int, limit: Int)
  /// Whoever asked for it left.
  case cancelled
}
