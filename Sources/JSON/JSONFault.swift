/// A fault in a JSON text: where, what could stand there, and what does.
public struct JSONFault: Error, Hashable, Sendable {
  /// Bytes from the beginning of the file.
  public var offset: Int
  /// What could stand there.
  public var expected: String
  /// What does.
  public var found: String
}
