/// How much one rendering may take, so that no template holds a thread or the memory for ever.
package struct JinjaLimits: Sendable {
  /// Bytes of text that count as one step wherever a text is searched, changed, compared or copied.
  static let bytesOfStep = 128

  /// Statements and expressions, and the work that they do; a prompt of ten thousand messages takes some hundred thousand.
  package var steps = 2_000_000
  /// Statements, expressions and calls within each other.
  package var depth = 200
  /// Containers within each other in a value; the JSON that a template is given has at most 128.
  package var nesting = 200
  /// All text and lists that values take together, also what is never printed.
  package var bytes = 64 << 20

  package init(steps: Int = 2_000_000, depth: Int = 200, bytes: Int = 64 << 20) {
    self.steps = steps
    self.depth = depth
    self.bytes = bytes
  }
}
