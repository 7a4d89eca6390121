/// The named parts of a matched path: `id` of `/v1/runs/{id}`, percent-decoded.
package struct PathParameters: Sendable, Equatable {
  private var values: [String: String]

  /// No parameters, or those of a test.
  package init(_ values: [String: String] = [:]) {
    self.values = values
  }

  /// The value of a name in the pattern; nil if the pattern has no such name.
  package subscript(name: String) -> String? {
    values[name]
  }

  /// Gives a name a value in place of what stood in the path.
  package mutating func set(_ name: String, to value: String) {
    values[name] = value
  }
}
