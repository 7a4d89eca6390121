/// A fault in a JSON text: where, what could stand there, and what does.
package struct JSONFault: Error, Equatable, Sendable {
  /// Bytes from the beginning of the file.
  package var offset: Int
  package var expected: String
  package var found: String
}
