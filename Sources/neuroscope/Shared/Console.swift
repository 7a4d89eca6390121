internal import Foundation

/// Where a command prints: results to the standard output, everything about them to the standard error.
struct Console {
  /// Whether the standard output understands colours: a terminal, and `NO_COLOR` is not set (no-color.org).
  let hasColour: Bool

  init(environment: [String: String] = ProcessInfo.processInfo.environment) {
    let isWanted = environment["NO_COLOR"].map(\.isEmpty) ?? true
    hasColour = isWanted && environment["TERM"] != "dumb" && Fence.isTerminal(.output)
  }

  /// Writes to the standard output at once, without a line's end; where nobody reads any more the text is lost.
  func write(_ text: String) { Self.write(text, to: .standardOutput) }
  func line(_ text: String = "") { write(text + "\n") }
  /// Writes a line to the standard error.
  func note(_ text: String) { Self.write(text + "\n", to: .standardError) }

  /// `write(_:)` of a handle ends the process where its reader has left; the form that throws does not.
  static func write(_ text: String, to handle: FileHandle) {
    try? handle.write(contentsOf: Data(text.utf8))
  }

  /// A value as one line of JSON, or as an indented document.
  func json(_ value: some Encodable, pretty: Bool = false) throws {
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.outputFormatting =
      pretty
      ? [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
      : [.sortedKeys, .withoutEscapingSlashes]
    line(String(decoding: try encoder.encode(value), as: UTF8.self))
  }
}
