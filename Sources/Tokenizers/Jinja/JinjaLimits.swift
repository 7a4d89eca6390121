/// How much one rendering may take, so that no template holds a thread or the memory for ever.
struct JinjaLimits: Sendable {
  /// Statements and expressions; a prompt of ten thousand messages takes some hundred thousand.
  var steps = 2_000_000
  /// Statements, expressions and calls within each other.
  var depth = 200
  /// All text and lists that values take together, also what is never printed.
  var bytes = 64 << 20
}
