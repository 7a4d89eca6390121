/// Why a constraint can't be held to: the place of what is not understood or not possible, and the reason.
package struct ConstraintError: Error, Equatable, Sendable {
  /// Where it stands, below the member that gave the constraint: `properties.a.not`, or empty.
  package var path: String
  package var found: String
  package var reason: String

  package init(path: String = "", found: String, reason: String) {
    self.path = path
    self.found = found
    self.reason = reason
  }
}
