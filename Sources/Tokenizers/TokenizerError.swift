import JSON
import Patterns

/// A tokenizer that cannot be built from its files, as facts for the operator.
///
/// A tokenizer is read in full or refused: a part that is not understood changes token ids silently, and
/// wrong ids look like a bad model. So whatever is unknown here ends up in this error, by its name.
package struct TokenizerError: Error, Equatable, Sendable {
  /// Where the fact stands: a file's name, or `GGUF` for the metadata of a GGUF file.
  package var file: String
  /// The path of the field inside the file, such as `model.merges[12]`.
  package var field: String
  /// What this room can work with.
  package var expected: String
  /// What was there instead.
  package var found: String
  /// The byte offset in the file, where one is known.
  package var offset: Int?

  package init(
    file: String, field: String, expected: String, found: String, offset: Int? = nil
  ) {
    self.file = file
    self.field = field
    self.expected = expected
    self.found = found
    self.offset = offset
  }

  /// A search with a pattern that was given up.
  init(_ overrun: PatternOverrun) {
    self.init(
      file: "tokenizer", field: "pattern",
      expected: "at most \(overrun.steps) steps, \(PatternBudget.stepsOfByte) a byte of this text",
      found: "more for \(overrun.pattern.prefix(200))")
  }

  /// Whoever asked for the tokens has left.
  static let givenUp = TokenizerError(
    file: "tokenizer", field: "text", expected: "somebody who waits for its tokens",
    found: "a request that was given up")

  /// A fault in the JSON of a file.
  init(file: String, _ fault: JSONFault) {
    self.init(
      file: file, field: "JSON", expected: fault.expected, found: fault.found,
      offset: fault.offset)
  }
}

extension TokenizerError: CustomStringConvertible {
  package var description: String {
    let place = offset.map { " (byte \($0))" } ?? ""
    return "\(file): \(field)\(place): expected \(expected), found \(found)"
  }
}
