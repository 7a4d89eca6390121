/// A fault in a JSON text: where, what could stand there, and what does.
package struct JSONError: Error, Equatable, Sendable {
  /// Bytes from the beginning of the text.
  package var offset: Int
  package var expected: String
  package var found: String
}
