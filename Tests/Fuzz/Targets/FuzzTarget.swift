/// A reader of bytes from outside, and the promise it makes about any bytes at all.
package struct FuzzTarget: Sendable, CustomStringConvertible {
  /// The folder of its corpus, and what it is called on the command line.
  package let name: String

  /// Reads the bytes; answers which promise was broken, or nil.
  ///
  /// The promise that nothing traps is kept by returning at all.
  package let run: @Sendable ([UInt8]) -> String?

  package var description: String { name }
}
